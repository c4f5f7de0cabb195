with source as (

    select * from {{ source('finance', 'financial_accounts') }}

),

renamed as (

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
    from source
    where deleted_at is null

)

select * from renamed
