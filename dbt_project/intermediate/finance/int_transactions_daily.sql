with transactions as (

    select * from {{ ref('stg_transactions') }}

),

directed as (

    select
        user_id,
        category,
        currency,
        type = 'expense' as is_expense,
        amount,
        transaction_date
    from transactions
    where type in ('income', 'expense')

),

summed as (

    select
        user_id,
        category,
        currency,
        coalesce(sum(amount) filter (where not is_expense), 0)::numeric(38, 4) as income,
        coalesce(-sum(amount) filter (where is_expense), 0)::numeric(38, 4) as expense,
        count(*) as transactions,
        count(*) filter (where is_expense) as expenses,
        transaction_date,
        date_trunc('month', transaction_date::timestamp)::date as month
    from directed
    group by user_id, category, currency, transaction_date

)

select * from summed
