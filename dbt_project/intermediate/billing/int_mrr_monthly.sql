with subscriptions as (

    select * from {{ ref('stg_subscriptions') }}

),

people as (

    select * from {{ ref('int_people') }}

),

dated as (

    select
        user_id,
        plan_code,
        status,
        currency,
        amount,
        billing_interval,
        valid_from,
        public.local_date(user_id, valid_from) as first_day,
        public.local_date(user_id, valid_to) as left_on
    from subscriptions

),

-- Who moves west may begin a later period on an earlier day: the later one has that day.
placed as (

    select
        user_id,
        plan_code,
        currency,
        first_day,
        coalesce(
            least(
                left_on,
                min(first_day) over (
                    partition by user_id order by valid_from
                    rows between 1 following and unbounded following
                )
            ),
            'infinity'
        ) as end_day,
        case
            when status in ('trialing', 'paused') then 0
            when billing_interval = 'week' then amount * 52 / 12
            when billing_interval = 'month' then amount
            when billing_interval = 'year' then amount / 12
            else 0
        end::numeric(38, 12) as mrr
    from dated

),

-- What is in force on a month's last day counts for the month; of the month under way, on the day of the build.
months as (

    select
        placed.user_id,
        placed.plan_code,
        placed.currency,
        placed.mrr,
        placed.first_day,
        placed.end_day,
        month.day::date as month,
        date_trunc('month', people.local_date::timestamp)::date as this_month,
        least((month.day + interval '1 month')::date - 1, people.local_date) as counted_on
    from placed
    inner join people on placed.user_id = people.user_id
    cross join
        lateral generate_series(
            date_trunc('month', placed.first_day::timestamp),
            date_trunc('month', least(placed.end_day, people.local_date)::timestamp),
            interval '1 month'
        ) as month (day)
    where placed.first_day < placed.end_day and placed.mrr > 0

),

in_force as (

    select
        user_id,
        month,
        currency,
        plan_code,
        mrr,
        this_month
    from months
    where first_day <= counted_on and counted_on < end_day

)

select * from in_force
