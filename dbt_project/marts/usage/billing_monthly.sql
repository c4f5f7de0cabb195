with daily_usage as (

    select * from {{ ref('int_usage_daily') }}

),

summed as (

    select
        user_id,
        month,
        agent_id,
        provider,
        model,
        sum(events)::bigint as events,
        sum(tokens_input)::bigint as tokens_input,
        sum(tokens_output)::bigint as tokens_output,
        sum(total_tokens)::bigint as total_tokens,
        sum(total_cost)::numeric(38, 12) as total_cost,
        sum(unknown_cost_events)::bigint as unknown_cost_events,
        'USD' as currency
    from daily_usage
    group by user_id, month, agent_id, provider, model

)

select * from summed
