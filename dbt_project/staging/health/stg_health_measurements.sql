with renamed as (

    -- Columns by name: the build may read these and no others, and a star would ask for all.
    select
        user_id,
        id as measurement_id,
        type,
        value,
        local_date,
        measured_at
    from {{ source('health', 'health_measurements') }}
    where deleted_at is null

)

select * from renamed
