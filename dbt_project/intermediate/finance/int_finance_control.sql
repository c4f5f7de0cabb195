with transactions as (

    select * from {{ ref('stg_transactions') }}

),

accounts as (

    select * from {{ ref('stg_financial_accounts') }}

),

recounted as (

    select
        user_id,
        currency,
        sum(amount)::numeric(38, 4) as net,
        -sum(least(amount, 0))::numeric(38, 4) as expense,
        count(*) as transactions,
        count(*) filter (where type = 'expense') as expenses
    from transactions
    where type <> 'transfer'
    group by user_id, currency

),

summed_accounts as (

    select
        user_id,
        currency,
        sum(balance)::numeric(38, 4) as balance,
        count(*) as accounts
    from accounts
    where is_active
    group by user_id, currency

),

joined as (

    select
        coalesce(recounted.user_id, summed_accounts.user_id) as user_id,
        coalesce(recounted.currency, summed_accounts.currency) as currency,
        coalesce(recounted.net, 0) as net,
        coalesce(recounted.expense, 0) as expense,
        coalesce(recounted.transactions, 0) as transactions,
        coalesce(recounted.expenses, 0) as expenses,
        coalesce(summed_accounts.balance, 0) as balance,
        coalesce(summed_accounts.accounts, 0) as accounts
    from recounted
    full outer join summed_accounts
        on recounted.user_id = summed_accounts.user_id and recounted.currency = summed_accounts.currency

)

select * from joined
