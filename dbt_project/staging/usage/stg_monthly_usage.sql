with source as (

    select * from {{ source('usage', 'month_totals') }}

),

renamed as (

    select
        user_id,
        total_messages as events,
        total_tokens,
        total_cost,
        unknown_cost_events,
        limit_messages,
        limit_tokens,
        make_date(year, month, 1) as month,
        updated_at as counted_at
    from source

)

select * from renamed
