with usage_logs as (

    select * from {{ ref('stg_usage_logs') }}

),

archived as (

    select * from {{ ref('stg_archived_usage_daily') }}

),

counters as (

    select * from {{ ref('stg_monthly_usage') }}

),

calls as (

    select
        user_id,
        1 as events,
        total_tokens,
        total_cost,
        case when total_cost is null then 1 else 0 end as unknown_cost_events
    from usage_logs
    union all
    select
        user_id,
        events,
        total_tokens,
        total_cost,
        unknown_cost_events
    from archived

),

recounted as (

    select
        user_id,
        sum(events)::bigint as events,
        sum(total_tokens)::bigint as total_tokens,
        coalesce(sum(total_cost), 0)::numeric(38, 12) as total_cost,
        sum(unknown_cost_events)::bigint as unknown_cost_events
    from calls
    group by user_id

),

summed_counters as (

    select
        user_id,
        sum(events)::bigint as counter_events,
        sum(total_tokens)::bigint as counter_tokens,
        sum(total_cost)::numeric(38, 12) as counter_cost,
        sum(unknown_cost_events)::bigint as counter_unknown_cost_events
    from counters
    group by user_id
    having sum(events) > 0

),

compared as (

    select
        coalesce(recounted.user_id, summed_counters.user_id) as user_id,
        coalesce(recounted.events, 0) as events,
        coalesce(recounted.total_tokens, 0) as total_tokens,
        coalesce(recounted.total_cost, 0) as total_cost,
        coalesce(recounted.unknown_cost_events, 0) as unknown_cost_events,
        coalesce(summed_counters.counter_events, 0) as counter_events,
        coalesce(summed_counters.counter_tokens, 0) as counter_tokens,
        coalesce(summed_counters.counter_cost, 0) as counter_cost,
        coalesce(summed_counters.counter_unknown_cost_events, 0) as counter_unknown_cost_events
    from recounted
    full outer join summed_counters on recounted.user_id = summed_counters.user_id

)

select * from compared
