with source as (

    select * from {{ source('finance', 'transactions') }}

),

accounts as (

    select * from {{ ref('stg_financial_accounts') }}

),

renamed as (

    select
        source.user_id,
        source.id as transaction_id,
        source.account_id,
        source.type,
        source.category,
        source.currency,
        source.amount,
        source.date as transaction_date
    from source
    where
        source.deleted_at is null
        and (
            source.account_id is null
            or exists (
                select 1 from accounts
                where accounts.user_id = source.user_id and accounts.account_id = source.account_id
            )
        )

)

select * from renamed
