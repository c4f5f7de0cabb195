with source as (

    select * from {{ source('identity', 'user_timezones') }}

),

renamed as (

    select
        user_id,
        timezone,
        valid_from
    from source

)

select * from renamed
