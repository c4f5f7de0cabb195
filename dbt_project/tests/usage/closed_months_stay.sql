-- Guards what was published: the figures of closed months are those that were written when they were closed.
with billed as (

    select * from {{ ref('billing_monthly') }}
    where is_published

),

published as (

    select
        user_id,
        posted_month as month,
        date_trunc('month', usage_date::timestamp)::date as applies_to,
        agent_id,
        provider,
        model,
        sum(events) as events,
        sum(total_tokens) as total_tokens,
        sum(total_cost) as total_cost,
        sum(unknown_cost_events) as unknown_cost_events
    from {{ ref('int_published_usage') }}
    group by user_id, posted_month, date_trunc('month', usage_date::timestamp), agent_id, provider, model

)

select coalesce(billed.user_id, published.user_id) as user_id
from billed
full outer join published
    on
        billed.user_id = published.user_id
        and billed.month = published.month
        and billed.applies_to = published.applies_to
        and billed.agent_id = published.agent_id
        and billed.provider = published.provider
        and billed.model = published.model
where
    (billed.events, billed.total_tokens, billed.total_cost, billed.unknown_cost_events)
    is distinct from
    (published.events, published.total_tokens, published.total_cost, published.unknown_cost_events)
