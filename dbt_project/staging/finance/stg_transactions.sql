with accounts as (

    select * from {{ ref('stg_financial_accounts') }}

),

renamed as (

    -- Columns by name: the build may read these and no others, and a star would ask for all.
    select
        source.user_id,
        source.id as transaction_id,
        source.account_id,
        source.type,
        source.category,
        source.currency,
        source.amount,
        source.date as transaction_date
    from {{ source('finance', 'transactions') }} as source
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
