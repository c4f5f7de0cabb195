with plan_periods as (

    select * from {{ ref('int_plan_periods') }}

),

-- On the first of a month it is this month in some zones and still the last one in others: a month is under way once it
-- is everywhere, or the people who are not in it yet would be missing from it.
under_way as (

    select date_trunc('month', min(local_date)::timestamp)::date as month from plan_periods

),

-- What is in force on a month's last day counts for the month; of the month under way, on the day of the build.
months as (

    select
        plan_periods.user_id,
        plan_periods.plan_code,
        plan_periods.currency,
        plan_periods.amount,
        plan_periods.billing_interval,
        plan_periods.first_day,
        plan_periods.end_day,
        month.day::date as month,
        under_way.month as this_month,
        least((month.day + interval '1 month')::date - 1, plan_periods.local_date) as counted_on
    from plan_periods
    cross join under_way
    cross join
        lateral generate_series(
            date_trunc('month', plan_periods.first_day::timestamp),
            least(date_trunc('month', plan_periods.end_day::timestamp), under_way.month),
            interval '1 month'
        ) as month (day)
    where plan_periods.is_paid

),

in_force as (

    select
        user_id,
        month,
        currency,
        plan_code,
        case billing_interval
            when 'week' then amount * 52 / 12
            when 'month' then amount
            when 'year' then amount / 12
        end::numeric(38, 12) as mrr,
        this_month
    from months
    where first_day <= counted_on and counted_on < end_day

)

select * from in_force
