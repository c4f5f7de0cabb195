with source as (

    select * from {{ source('billing', 'fx_rates') }}

),

renamed as (

    select
        base,
        quote,
        rate,
        source,
        date as rate_date
    from source

)

select * from renamed
