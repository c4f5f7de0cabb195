with dose_logs as (

    select * from {{ ref('stg_medication_logs') }}

),

measurements as (

    select * from {{ ref('stg_health_measurements') }}

),

counted_doses as (

    select
        user_id,
        count(*) filter (where status <> 'omitido') as doses_taken
    from dose_logs
    where least(scheduled_time, taken_time) <= {{ as_of() }}
    group by user_id

),

counted_readings as (

    select
        user_id,
        count(*) as readings
    from measurements
    group by user_id

),

joined as (

    select
        user_id,
        coalesce(counted_doses.doses_taken, 0) as doses_taken,
        coalesce(counted_readings.readings, 0) as readings
    from counted_doses
    full outer join counted_readings using (user_id)

)

select * from joined
