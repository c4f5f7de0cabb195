with source as (

    select * from {{ source('health', 'health_measurements') }}

),

renamed as (

    select
        user_id,
        id as measurement_id,
        type,
        value,
        local_date,
        measured_at
    from source
    where deleted_at is null

)

select * from renamed
