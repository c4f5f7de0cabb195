with renamed as (

    -- Columns by name: the build may not read a person's name or address, and a star would ask for them.
    select
        id as user_id,
        timezone
    from {{ source('identity', 'users') }}

)

select * from renamed
