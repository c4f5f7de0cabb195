with renamed as (

    -- Columns by name: the build may read these and no others, and a star would ask for all.
    select
        user_id,
        id as budget_id,
        name,
        category,
        period,
        currency,
        amount,
        alert_threshold,
        is_active,
        start_date,
        end_date
    from {{ source('finance', 'budgets') }}
    where deleted_at is null

)

select * from renamed
