with daily_transactions as (

    select * from {{ ref('int_transactions_daily') }}

),

summed as (

    select
        user_id,
        month,
        category,
        currency,
        sum(expense)::numeric(38, 4) as spent,
        sum(expenses)::bigint as transactions
    from daily_transactions
    where expenses > 0
    group by user_id, month, category, currency

)

select * from summed
