with source as (

    select * from {{ source('finance', 'transactions') }}

),

renamed as (

    select
        user_id,
        id as transaction_id,
        account_id,
        type,
        category,
        currency,
        amount,
        date as transaction_date
    from source

)

select * from renamed
