with renamed as (

    -- Columns by name: the build may read these and no others, and a star would ask for all.
    select
        user_id,
        id as medication_id,
        name as medication,
        is_active,
        end_date
    from {{ source('health', 'medications') }}
    where deleted_at is null

)

select * from renamed
