with budgets as (

    select * from {{ ref('stg_budgets') }}

),

people as (

    select * from {{ ref('int_people') }}

),

begun as (

    select
        budgets.*,
        people.local_date as today,
        least(budgets.end_date, people.local_date) as horizon
    from budgets
    inner join people on budgets.user_id = people.user_id
    where budgets.is_active

),

unrolled as (

    select
        begun.*,
        unit.opened,
        unit.opened + {{ period_step('begun.period') }} as next_opened
    from begun
    cross join generate_series(
        date_trunc({{ period_unit('begun.period') }}, begun.start_date::timestamp),
        begun.horizon::timestamp,
        {{ period_step('begun.period') }}
    ) as unit (opened)

),

halved as (

    select
        unrolled.*,
        (unrolled.opened + half.first_day)::date as calendar_start,
        coalesce((unrolled.opened + half.last_day)::date, unrolled.next_opened::date - 1) as calendar_end
    from unrolled
    inner join (
        values
        (false, interval '0 days', null::interval),
        (true, interval '0 days', interval '14 days'),
        (true, interval '15 days', null::interval)
    ) as half (of_quincena, first_day, last_day)
        on half.of_quincena = (unrolled.period = 'quincena')

),

clipped as (

    select
        user_id,
        budget_id,
        name,
        category,
        period,
        currency,
        amount::numeric(38, 4) as budgeted,
        alert_threshold,
        greatest(calendar_start, start_date) as period_start,
        least(calendar_end, end_date) as period_end,
        today
    from halved
    where greatest(calendar_start, start_date) <= horizon and calendar_end >= start_date

)

select * from clipped
