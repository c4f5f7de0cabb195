with plan_periods as (

    select * from {{ ref('int_plan_periods') }}

),

charges as (

    select * from {{ ref('int_usage_charges_monthly') }}

),

fx_daily as (

    select * from {{ ref('int_fx_daily') }}

),

last_day as (

    select max(day) as day from fx_daily

),

months as (

    select
        plan_periods.user_id,
        plan_periods.plan_code,
        plan_periods.currency,
        -- A quotient has the digits of what is divided: with twenty, a sum of parts is exact to twelve.
        plan_periods.amount::numeric(38, 20) as amount,
        plan_periods.billing_interval,
        plan_periods.is_paid,
        plan_periods.first_day,
        month.day::date as month,
        (month.day + interval '1 month')::date as next_month,
        greatest(plan_periods.first_day, month.day::date) as counted_from,
        least(plan_periods.end_day, (month.day + interval '1 month')::date, plan_periods.local_date + 1)
            as counted_until
    from plan_periods
    cross join
        lateral generate_series(
            date_trunc('month', plan_periods.first_day::timestamp),
            date_trunc('month', least(plan_periods.end_day - 1, plan_periods.local_date)::timestamp),
            interval '1 month'
        ) as month (day)

),

-- A plan's price is earned by the day, whenever it is invoiced.
earned as (

    select
        user_id,
        month,
        next_month,
        plan_code,
        first_day,
        currency,
        case
            when not is_paid then 0
            when billing_interval = 'week' then amount * (counted_until - counted_from) / 7
            when billing_interval = 'month' then amount * (counted_until - counted_from) / (next_month - month)
            when billing_interval = 'year'
                then
                    amount * (counted_until - counted_from)
                    / extract(doy from make_date(extract(year from month)::int, 12, 31))
        end as amount
    from months
    where counted_from < counted_until

),

plans as (

    select distinct on (user_id, month)
        user_id,
        month,
        plan_code
    from earned
    order by user_id asc, month asc, first_day desc

),

revenues as (

    select
        user_id,
        month,
        next_month,
        currency,
        amount as plan_amount,
        0::numeric as usage_amount
    from earned
    where amount <> 0
    union all
    select
        user_id,
        month,
        (month + interval '1 month')::date as next_month,
        currency,
        0::numeric as plan_amount,
        amount as usage_amount
    from charges

),

converted as (

    select
        revenues.user_id,
        revenues.month,
        sum(revenues.plan_amount * fx_daily.rate) as plan_revenue_mxn,
        sum(revenues.usage_amount * fx_daily.rate) as usage_revenue_mxn,
        bool_and(fx_daily.rate is not null) as is_converted
    from revenues
    cross join last_day
    left join fx_daily
        on
            revenues.currency = fx_daily.currency
            and fx_daily.day = least(revenues.next_month - 1, last_day.day)
    group by revenues.user_id, revenues.month

),

months_of_people as (

    select
        user_id,
        month
    from plans
    union distinct
    select
        user_id,
        month
    from converted

),

described as (

    select
        months_of_people.user_id,
        months_of_people.month,
        plans.plan_code,
        case when coalesce(converted.is_converted, true) then coalesce(converted.plan_revenue_mxn, 0) end
        ::numeric(38, 12) as plan_revenue_mxn,
        case when coalesce(converted.is_converted, true) then coalesce(converted.usage_revenue_mxn, 0) end
        ::numeric(38, 12) as usage_revenue_mxn
    from months_of_people
    left join plans on months_of_people.user_id = plans.user_id and months_of_people.month = plans.month
    left join converted on months_of_people.user_id = converted.user_id and months_of_people.month = converted.month

)

select * from described
