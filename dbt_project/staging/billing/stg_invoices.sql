with source as (

    select * from {{ source('billing', 'invoices') }}

),

renamed as (

    select
        user_id,
        id as invoice_id,
        kind,
        status,
        period_start,
        issued_at,
        currency
    from source

)

select * from renamed
