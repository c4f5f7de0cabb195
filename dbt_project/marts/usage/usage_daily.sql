with daily_usage as (

    select * from {{ ref('int_usage_daily') }}

),

selected as (

    select
        user_id,
        usage_date,
        agent_id,
        provider,
        model,
        events,
        failed_events,
        tokens_input,
        tokens_output,
        tokens_cache_read,
        tokens_cache_write,
        tokens_reasoning,
        total_tokens,
        total_cost,
        unknown_cost_events
    from daily_usage

)

select * from selected
