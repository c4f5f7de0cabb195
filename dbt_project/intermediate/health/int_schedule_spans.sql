with schedules as (

    select * from {{ ref('stg_medication_schedules') }}

),

medications as (

    select * from {{ ref('stg_medications') }}

),

superseded as (

    select
        schedules.*,
        lead(schedules.start_date) over (
            partition by schedules.user_id, schedules.medication_id order by schedules.start_date
        ) - 1 as superseded_on
    from schedules

),

bounded as (

    select
        superseded.user_id,
        superseded.medication_id,
        superseded.times_per_day,
        superseded.days_of_week,
        superseded.as_needed,
        superseded.start_date as first_day,
        least(
            superseded.end_date,
            superseded.superseded_on,
            medications.end_date,
            -- Nobody recorded when it was stopped: from this schedule only doses that were logged are known to be due.
            case
                when
                    not medications.is_active
                    and coalesce(superseded.end_date, superseded.superseded_on, medications.end_date) is null
                    then superseded.start_date - 1
            end
        ) as last_day
    from superseded
    inner join medications
        on superseded.user_id = medications.user_id and superseded.medication_id = medications.medication_id

)

select * from bounded
