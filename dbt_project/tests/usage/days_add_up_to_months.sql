-- Guards that one figure has one value: the days of a month on one page are the month on the other.
with daily as (

    select
        user_id,
        date_trunc('month', usage_date::timestamp)::date as month,
        sum(events) as events,
        sum(total_cost) as total_cost
    from {{ ref('usage_daily') }}
    group by user_id, date_trunc('month', usage_date::timestamp)

),

monthly as (

    select
        user_id,
        month,
        sum(events) as events,
        sum(total_cost) as total_cost
    from {{ ref('billing_monthly') }}
    group by user_id, month

)

select coalesce(daily.user_id, monthly.user_id) as user_id
from daily
full outer join monthly on daily.user_id = monthly.user_id and daily.month = monthly.month
where (daily.events, daily.total_cost) is distinct from (monthly.events, monthly.total_cost)
