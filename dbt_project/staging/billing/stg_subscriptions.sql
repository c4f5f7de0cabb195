with source as (

    select * from {{ source('billing', 'subscriptions') }}

),

renamed as (

    select
        user_id,
        plan_code,
        currency,
        amount,
        billing_interval,
        valid_from,
        valid_to,
        coalesce(last_status, status) as status
    from source

)

select * from renamed
