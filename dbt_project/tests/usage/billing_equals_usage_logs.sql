-- Guards the bill: per person, all months with their adjustments are the usage logs, to the last decimal. Without it a
-- join that drops or doubles events would change bills silently.
with billed as (

    select
        user_id,
        sum(events) as events,
        sum(total_tokens) as total_tokens,
        coalesce(sum(total_cost), 0) as total_cost,
        sum(unknown_cost_events) as unknown_cost_events
    from {{ ref('billing_monthly') }}
    group by user_id

),

recounted as (

    select * from {{ ref('int_usage_control') }}

)

select coalesce(billed.user_id, recounted.user_id) as user_id
from billed
full outer join recounted on billed.user_id = recounted.user_id
where
    coalesce(billed.events, 0) <> coalesce(recounted.events, 0)
    or coalesce(billed.total_tokens, 0) <> coalesce(recounted.total_tokens, 0)
    or coalesce(billed.total_cost, 0) <> coalesce(recounted.total_cost, 0)
    or coalesce(billed.unknown_cost_events, 0) <> coalesce(recounted.unknown_cost_events, 0)
