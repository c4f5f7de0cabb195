with dose_logs as (

    select * from {{ ref('stg_medication_logs') }}

),

schedule_spans as (

    select * from {{ ref('int_schedule_spans') }}

),

happened as (

    select
        dose_logs.*,
        dose_logs.status in ('tomado', 'retrasado') as is_taken,
        dose_logs.as_needed or coalesce(schedule_spans.as_needed, false) as is_as_needed
    from dose_logs
    left join schedule_spans
        on
            dose_logs.user_id = schedule_spans.user_id
            and dose_logs.medication_id = schedule_spans.medication_id
            and dose_logs.local_date >= schedule_spans.first_day
            and dose_logs.local_date <= coalesce(schedule_spans.last_day, 'infinity')
    where least(dose_logs.scheduled_time, dose_logs.taken_time) <= {{ as_of() }}

),

counted as (

    select
        user_id,
        medication_id,
        local_date,
        count(*) filter (where not is_as_needed)::int as logged,
        count(*) filter (where not is_as_needed and is_taken)::int as taken,
        count(*) filter (where not is_as_needed and status = 'retrasado')::int as late,
        count(*) filter (where is_as_needed and is_taken)::int as as_needed_taken
    from happened
    group by user_id, medication_id, local_date

)

select * from counted
