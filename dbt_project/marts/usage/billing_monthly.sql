with billable_usage as (

    select * from {{ ref('int_billable_usage_daily') }}

),

summed as (

    select
        user_id,
        posted_month as month,
        applies_to,
        agent_id,
        provider,
        model,
        sum(events)::bigint as events,
        sum(tokens_input)::bigint as tokens_input,
        sum(tokens_output)::bigint as tokens_output,
        sum(total_tokens)::bigint as total_tokens,
        sum(total_cost)::numeric(38, 12) as total_cost,
        sum(unknown_cost_events)::bigint as unknown_cost_events,
        'USD' as currency,
        is_adjustment,
        is_published
    from billable_usage
    group by user_id, posted_month, applies_to, agent_id, provider, model, is_adjustment, is_published

)

select * from summed
