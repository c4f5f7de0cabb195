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

states as (

    select
        month,
        {{ state_of_counters() }} as state
    from counters
    group by month

),

changed_months as (

    select
        states.month,
        states.state
    from states
    {% if is_incremental() %}
        where not exists (
            select 1 from {{ this }} as built
            where built.month = states.month and built.state = states.state
        )
    {% endif %}

),

changed_range as (

    select
        min(month) as first_month,
        max(month) as last_month
    from changed_months

),

measured_live as (

    select
        usage_logs.usage_date,
        usage_logs.agent_id,
        coalesce(usage_logs.provider, 'unknown') as provider,
        usage_logs.model,
        count(*) as calls,
        count(*) filter (where not usage_logs.is_successful) as failed_calls,
        count(*) filter (where usage_logs.latency_ms is null) as unmeasured_calls,
        percentile_cont(0.5) within group (order by usage_logs.latency_ms)::numeric(18, 3) as latency_p50_ms,
        percentile_cont(0.95) within group (order by usage_logs.latency_ms)::numeric(18, 3) as latency_p95_ms,
        changed_months.month,
        changed_months.state
    from usage_logs
    inner join changed_months on date_trunc('month', usage_logs.usage_date::timestamp)::date = changed_months.month
    where
        -- A local month lies within a day of the same month in UTC: only the partitions of changed months are read.
        usage_logs.called_at >= (select changed_range.first_month - interval '1 day' from changed_range)
        and usage_logs.called_at < (select changed_range.last_month + interval '1 month 1 day' from changed_range)
    group by
        usage_logs.usage_date, usage_logs.agent_id, coalesce(usage_logs.provider, 'unknown'), usage_logs.model,
        changed_months.month, changed_months.state

),

counted_archived as (

    select
        archived.usage_date,
        archived.agent_id,
        archived.provider,
        archived.model,
        sum(archived.events) as calls,
        sum(archived.failed_events) as failed_calls,
        sum(archived.events) as unmeasured_calls,
        null::numeric as latency_p50_ms,
        null::numeric as latency_p95_ms,
        changed_months.month,
        changed_months.state
    from archived
    inner join changed_months on date_trunc('month', archived.usage_date::timestamp)::date = changed_months.month
    group by
        archived.usage_date, archived.agent_id, archived.provider, archived.model, changed_months.month,
        changed_months.state

),

counted as (

    select * from measured_live
    union all
    select * from counted_archived

),

-- An archive keeps no latencies: a percentile is of the calls still there, the maximum of one value and a null.
summed as (

    select
        usage_date,
        agent_id,
        provider,
        model,
        sum(calls)::bigint as calls,
        sum(failed_calls)::bigint as failed_calls,
        sum(unmeasured_calls)::bigint as unmeasured_calls,
        max(latency_p50_ms)::numeric(18, 3) as latency_p50_ms,
        max(latency_p95_ms)::numeric(18, 3) as latency_p95_ms,
        month,
        state
    from counted
    group by usage_date, agent_id, provider, model, month, state

)

select * from summed
