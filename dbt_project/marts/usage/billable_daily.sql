with billable_usage as (

    select * from {{ ref('int_billable_usage_daily') }}

),

selected as (

    select
        user_id,
        posted_month as month,
        usage_date,
        agent_id,
        provider,
        model,
        events,
        unknown_cost_events,
        tokens_input,
        tokens_output,
        total_tokens,
        total_cost,
        is_adjustment,
        is_published
    from billable_usage

)

select * from selected
