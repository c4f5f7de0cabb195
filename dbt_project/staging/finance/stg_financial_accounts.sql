with renamed as (

    -- Columns by name: the build may not read an account's number, and a star would ask for it.
    select
        user_id,
        id as account_id,
        name,
        type,
        institution,
        account_mask,
        currency,
        balance,
        is_active,
        balance_at
    from {{ source('finance', 'financial_accounts') }}
    where deleted_at is null

)

select * from renamed
