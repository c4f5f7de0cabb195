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
        dated.user_id,
        dated.plan_code,
        dated.currency,
        dated.amount,
        dated.billing_interval,
        dated.amount > 0 and dated.status not in ('trialing', 'paused') as is_paid,
        dated.first_day,
        coalesce(
            least(
                dated.left_on,
                min(dated.first_day) over (
                    partition by dated.user_id order by dated.valid_from
                    rows between 1 following and unbounded following
                )
            ),
            'infinity'
        ) as end_day,
        people.local_date
    from dated
    inner join people on dated.user_id = people.user_id

),

of_a_day_or_more as (

    select * from placed
    where first_day < end_day

)

select * from of_a_day_or_more
