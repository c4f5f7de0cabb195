with renamed as (

    -- Columns by name: the build may read these and no others, and a star would ask for all.
    select
        user_id,
        id as usage_id,
        agent_id,
        provider,
        model,
        tokens_input,
        tokens_output,
        tokens_cache_read,
        tokens_cache_write,
        tokens_reasoning,
        total_tokens,
        total_cost,
        duration as latency_ms,
        success as is_successful,
        local_date as usage_date,
        timestamp as called_at
    from {{ source('usage', 'usage_logs') }}

)

select * from renamed
