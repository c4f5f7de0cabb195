{{ config(materialized='incremental', incremental_strategy='append') }}

with usage_logs as (

    select * from {{ ref('stg_usage_logs') }}

),

archived as (

    select * from {{ ref('stg_archived_usage_daily') }}

),

counters as (

    select * from {{ ref('stg_monthly_usage') }}

),

changed_months as (

    select
        counters.user_id,
        counters.month,
        counters.counted_at
    from counters
    {% if is_incremental() %}
        where not exists (
            select 1 from {{ this }} as built
            where
                built.user_id = counters.user_id
                and built.month = counters.month
                and built.counted_at = counters.counted_at
        )
    {% endif %}

),

changed_range as (

    select
        min(month) as first_month,
        max(month) as last_month
    from changed_months

),

counted_live as (

    select
        usage_logs.user_id,
        usage_logs.agent_id,
        coalesce(usage_logs.provider, 'unknown') as provider,
        usage_logs.model,
        count(*) as events,
        count(*) filter (where not usage_logs.is_successful) as failed_events,
        count(*) filter (where usage_logs.total_cost is null) as unknown_cost_events,
        sum(usage_logs.tokens_input) as tokens_input,
        sum(usage_logs.tokens_output) as tokens_output,
        sum(usage_logs.tokens_cache_read) as tokens_cache_read,
        sum(usage_logs.tokens_cache_write) as tokens_cache_write,
        sum(usage_logs.tokens_reasoning) as tokens_reasoning,
        sum(usage_logs.total_tokens) as total_tokens,
        sum(usage_logs.total_cost) as total_cost,
        usage_logs.usage_date,
        changed_months.month,
        changed_months.counted_at
    from usage_logs
    inner join changed_months
        on
            usage_logs.user_id = changed_months.user_id
            and date_trunc('month', usage_logs.usage_date::timestamp)::date = changed_months.month
    where
        -- A local month lies within a day of the same month in UTC: only the partitions of changed months are read.
        usage_logs.called_at >= (select changed_range.first_month - interval '1 day' from changed_range)
        and usage_logs.called_at < (select changed_range.last_month + interval '1 month 1 day' from changed_range)
    group by
        usage_logs.user_id, usage_logs.agent_id, coalesce(usage_logs.provider, 'unknown'), usage_logs.model,
        usage_logs.usage_date, changed_months.month, changed_months.counted_at

),

counted_archived as (

    select
        archived.user_id,
        archived.agent_id,
        archived.provider,
        archived.model,
        archived.events,
        archived.failed_events,
        archived.unknown_cost_events,
        archived.tokens_input,
        archived.tokens_output,
        archived.tokens_cache_read,
        archived.tokens_cache_write,
        archived.tokens_reasoning,
        archived.total_tokens,
        archived.total_cost,
        archived.usage_date,
        changed_months.month,
        changed_months.counted_at
    from archived
    inner join changed_months
        on
            archived.user_id = changed_months.user_id
            and date_trunc('month', archived.usage_date::timestamp)::date = changed_months.month

),

counted as (

    select * from counted_live
    union all
    select * from counted_archived

),

-- A day may be both: its month begins in another zone than the archive's, or a call came after the archive was made.
summed as (

    select
        user_id,
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
        sum(total_cost)::numeric(38, 12) as total_cost,
        usage_date,
        month,
        counted_at
    from counted
    group by user_id, agent_id, provider, model, usage_date, month, counted_at

)

select * from summed
