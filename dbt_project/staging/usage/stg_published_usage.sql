with source as (

    select * from {{ source('usage', 'published_usage') }}

),

renamed as (

    select
        user_id,
        posted_month,
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
        local_date as usage_date
    from source

)

select * from renamed
