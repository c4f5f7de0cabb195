-- Guards the bill: per person, events, tokens, cost and unknown costs are those of the usage logs, to the last decimal.
-- Without it a join that drops or doubles events would change bills silently.
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
    where events > 0

)

select coalesce(billed.user_id, recounted.user_id) as user_id
from billed
full outer join recounted on billed.user_id = recounted.user_id
where
    (billed.events, billed.total_tokens, billed.total_cost, billed.unknown_cost_events)
    is distinct from
    (recounted.events, recounted.total_tokens, recounted.total_cost, recounted.unknown_cost_events)
