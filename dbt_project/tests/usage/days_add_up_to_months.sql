-- Guards that one figure has one value: the live days of a month are what was billed about it, with it or afterwards.
with daily as (

    select
        user_id,
        date_trunc('month', usage_date::timestamp)::date as month,
        sum(events) as events,
        coalesce(sum(total_cost), 0) as total_cost
    from {{ ref('usage_daily') }}
    group by user_id, date_trunc('month', usage_date::timestamp)

),

billed as (

    select
        user_id,
        applies_to as month,
        sum(events) as events,
        coalesce(sum(total_cost), 0) as total_cost
    from {{ ref('billing_monthly') }}
    group by user_id, applies_to

)

select coalesce(daily.user_id, billed.user_id) as user_id
from daily
full outer join billed on daily.user_id = billed.user_id and daily.month = billed.month
where
    coalesce(daily.events, 0) <> coalesce(billed.events, 0)
    or coalesce(daily.total_cost, 0) <> coalesce(billed.total_cost, 0)
