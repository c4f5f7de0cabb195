with schedule_spans as (

    select * from {{ ref('int_schedule_spans') }}

),

people as (

    select * from {{ ref('int_people') }}

),

begun as (

    select
        schedule_spans.*,
        people.local_date as today,
        people.day_elapsed as today_elapsed,
        least(schedule_spans.last_day, people.local_date) as horizon
    from schedule_spans
    inner join people on schedule_spans.user_id = people.user_id
    where not schedule_spans.as_needed

),

unrolled as (

    select
        begun.*,
        due.day::date as local_date,
        due.day::date - begun.first_day + 1 as day_number
    from begun
    cross join generate_series(
        begun.first_day::timestamp, begun.horizon::timestamp, interval '1 day'
    ) as due (day)

),

planned as (

    select
        user_id,
        medication_id,
        local_date,
        case when local_date = today then today_elapsed else 1 end as day_elapsed,
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
