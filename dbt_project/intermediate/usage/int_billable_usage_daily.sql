with live as (

    select * from {{ ref('int_usage_daily') }}

),

published as (

    select * from {{ ref('int_published_usage') }}

),

closed_months as (

    select * from {{ ref('int_closed_months') }}

),

calendar as (

    select coalesce(max(month) + interval '1 month', '-infinity')::date as first_open_month from closed_months

),

-- What the ledger says today of days of closed months, less what was published of them.
compared as (

    select
        live.user_id,
        live.usage_date,
        live.agent_id,
        live.provider,
        live.model,
        live.events,
        live.failed_events,
        live.unknown_cost_events,
        live.tokens_input,
        live.tokens_output,
        live.tokens_cache_read,
        live.tokens_cache_write,
        live.tokens_reasoning,
        live.total_tokens,
        coalesce(live.total_cost, 0) as total_cost
    from live
    cross join calendar
    where live.month < calendar.first_open_month
    union all
    select
        user_id,
        usage_date,
        agent_id,
        provider,
        model,
        -events as events,
        -failed_events as failed_events,
        -unknown_cost_events as unknown_cost_events,
        -tokens_input as tokens_input,
        -tokens_output as tokens_output,
        -tokens_cache_read as tokens_cache_read,
        -tokens_cache_write as tokens_cache_write,
        -tokens_reasoning as tokens_reasoning,
        -total_tokens as total_tokens,
        -coalesce(total_cost, 0) as total_cost
    from published

),

summed as (

    select
        user_id,
        usage_date,
        agent_id,
        provider,
        model,
        sum(events)::bigint as events,
        sum(failed_events)::bigint as failed_events,
        sum(unknown_cost_events)::bigint as unknown_cost_events,
        sum(tokens_input)::bigint as tokens_input,
        sum(tokens_output)::bigint as tokens_output,
        sum(tokens_cache_read)::bigint as tokens_cache_read,
        sum(tokens_cache_write)::bigint as tokens_cache_write,
        sum(tokens_reasoning)::bigint as tokens_reasoning,
        sum(total_tokens)::bigint as total_tokens,
        sum(total_cost)::numeric(38, 12) as total_cost
    from compared
    group by user_id, usage_date, agent_id, provider, model

),

-- The same rows the next closing will publish (cauce/billing/close.sql).
unpublished as (

    select
        summed.user_id,
        calendar.first_open_month as posted_month,
        summed.usage_date,
        summed.agent_id,
        summed.provider,
        summed.model,
        summed.events,
        summed.failed_events,
        summed.unknown_cost_events,
        summed.tokens_input,
        summed.tokens_output,
        summed.tokens_cache_read,
        summed.tokens_cache_write,
        summed.tokens_reasoning,
        summed.total_tokens,
        case
            when summed.total_cost <> 0 or summed.events = 0 or summed.unknown_cost_events <> summed.events
                then summed.total_cost
        end as total_cost
    from summed
    cross join calendar
    where
        (
            summed.events, summed.failed_events, summed.unknown_cost_events, summed.tokens_input,
            summed.tokens_output, summed.tokens_cache_read, summed.tokens_cache_write, summed.tokens_reasoning,
            summed.total_cost
        ) <> (0, 0, 0, 0, 0, 0, 0, 0, 0)

),

open_months as (

    select
        live.user_id,
        live.month as posted_month,
        live.usage_date,
        live.agent_id,
        live.provider,
        live.model,
        live.events,
        live.failed_events,
        live.unknown_cost_events,
        live.tokens_input,
        live.tokens_output,
        live.tokens_cache_read,
        live.tokens_cache_write,
        live.tokens_reasoning,
        live.total_tokens,
        live.total_cost
    from live
    cross join calendar
    where live.month >= calendar.first_open_month

),

billable as (

    select
        user_id,
        posted_month,
        usage_date,
        agent_id,
        provider,
        model,
        events,
        failed_events,
        unknown_cost_events,
        tokens_input,
        tokens_output,
        tokens_cache_read,
        tokens_cache_write,
        tokens_reasoning,
        total_tokens,
        total_cost,
        true as is_published
    from published
    union all
    select
        *,
        false as is_published
    from unpublished
    union all
    select
        *,
        false as is_published
    from open_months

),

dated as (

    select
        user_id,
        posted_month,
        usage_date,
        agent_id,
        provider,
        model,
        events,
        failed_events,
        unknown_cost_events,
        tokens_input,
        tokens_output,
        tokens_cache_read,
        tokens_cache_write,
        tokens_reasoning,
        total_tokens,
        total_cost::numeric(38, 12) as total_cost,
        is_published,
        date_trunc('month', usage_date::timestamp)::date as applies_to,
        date_trunc('month', usage_date::timestamp)::date < posted_month as is_adjustment
    from billable

)

select * from dated
