-- Guards that latencies speak of the calls that are counted: day by day, agent, provider and model, calls and failures
-- are those of everybody's usage, archived ones included.
with latency as (

    select * from {{ ref('latency_daily') }}

),

daily as (

    select
        usage_date,
        agent_id,
        provider,
        model,
        sum(events) as calls,
        sum(failed_events) as failed_calls
    from {{ ref('usage_daily') }}
    group by usage_date, agent_id, provider, model

)

select coalesce(latency.usage_date, daily.usage_date) as usage_date
from latency
full outer join daily
    on
        latency.usage_date = daily.usage_date
        and latency.agent_id = daily.agent_id
        and latency.provider = daily.provider
        and latency.model = daily.model
where
    coalesce(latency.calls, 0) <> coalesce(daily.calls, 0)
    or coalesce(latency.failed_calls, 0) <> coalesce(daily.failed_calls, 0)
