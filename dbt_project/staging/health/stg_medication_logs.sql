with source as (

    select * from {{ source('health', 'medication_logs') }}

),

renamed as (

    select
        user_id,
        id as log_id,
        medication_id,
        status,
        as_needed,
        local_date,
        scheduled_time,
        taken_time
    from source

)

select * from renamed
