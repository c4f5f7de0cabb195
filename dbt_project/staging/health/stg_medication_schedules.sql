with source as (

    select * from {{ source('health', 'medication_schedules') }}

),

renamed as (

    select
        user_id,
        id as schedule_id,
        medication_id,
        times_per_day,
        days_of_week,
        as_needed,
        start_date,
        end_date
    from source

)

select * from renamed
