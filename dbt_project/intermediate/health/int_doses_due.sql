with schedule_spans as (

    select * from {{ ref('int_schedule_spans') }}

),

people as (

    select * from {{ ref('int_people') }}

),

unrolled as (

    select
        schedule_spans.user_id,
        schedule_spans.medication_id,
        schedule_spans.times_per_day,
        schedule_spans.days_of_week,
        days.local_date::date as local_date,
        days.local_date::date - schedule_spans.first_day + 1 as day_number,
        case when days.local_date::date = people.local_date then people.day_elapsed else 1 end as day_elapsed
    from schedule_spans
    inner join people on schedule_spans.user_id = people.user_id
    cross join lateral generate_series(
        schedule_spans.first_day::timestamp,
        least(schedule_spans.last_day, people.local_date)::timestamp,
        interval '1 day'
    ) as days (local_date)
    where not schedule_spans.as_needed

),

planned as (

    select
        user_id,
        medication_id,
        local_date,
        day_elapsed,
        case
            when days_of_week is null then {{ doses_on_day('day_number', 'times_per_day') }}
            when extract(isodow from local_date) = any(days_of_week) then ceil(coalesce(times_per_day, 1))::int
            else 0
        end as planned
    from unrolled

),

due_by_now as (

    select
        user_id,
        medication_id,
        local_date,
        floor(planned * day_elapsed)::int as due
    from planned
    where planned > 0

)

select * from due_by_now
