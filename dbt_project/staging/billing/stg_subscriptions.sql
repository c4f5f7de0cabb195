with source as (

    select * from {{ source('billing', 'subscriptions') }}

),

renamed as (

    select
        user_id,
        plan_code,
        status,
        currency,
        amount,
        billing_interval,
        valid_from,
        public.local_date(user_id, valid_from) as first_day,
        public.local_date(user_id, valid_to) as left_on
    from source

)

select * from renamed
