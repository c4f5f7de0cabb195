with daily_transactions as (

    select * from {{ ref('int_transactions_daily') }}

),

summed as (

    select
        user_id,
        month,
        currency,
        sum(income)::numeric(38, 4) as income,
        sum(expense)::numeric(38, 4) as expense,
        sum(income - expense)::numeric(38, 4) as net,
        sum(transactions)::bigint as transactions
    from daily_transactions
    group by user_id, month, currency

)

select * from summed
