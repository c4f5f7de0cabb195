with accounts as (

    select * from {{ ref('stg_financial_accounts') }}

),

opened as (

    select
        user_id,
        account_id,
        name,
        type,
        institution,
        account_mask,
        currency,
        balance::numeric(38, 4) as balance,
        balance_at
    from accounts
    where is_active

)

select * from opened
