with source as (

    select * from {{ source('health', 'medication_schedules') }}

),

medications as (

    select * from {{ ref('stg_medications') }}

),

renamed as (

    select
        source.user_id,
        source.id as schedule_id,
        source.medication_id,
        source.times_per_day,
        source.days_of_week,
        source.as_needed,
        source.start_date,
        source.end_date
    from source
    where exists (
        select 1 from medications
        where medications.user_id = source.user_id and medications.medication_id = source.medication_id
    )

)

select * from renamed
