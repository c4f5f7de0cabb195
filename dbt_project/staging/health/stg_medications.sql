with source as (

    select * from {{ source('health', 'medications') }}

),

renamed as (

    select
        user_id,
        id as medication_id,
        name as medication,
        is_active,
        end_date
    from source
    where deleted_at is null

)

select * from renamed
