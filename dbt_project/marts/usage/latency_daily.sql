with daily_latency as (

    select * from {{ ref('int_latency_daily') }}

),

selected as (

    select
        usage_date,
        agent_id,
        provider,
        model,
        calls,
        failed_calls,
        unmeasured_calls,
        latency_p50_ms,
        latency_p95_ms,
        (failed_calls::numeric / calls)::numeric(9, 8) as error_rate
    from daily_latency

)

select * from selected
