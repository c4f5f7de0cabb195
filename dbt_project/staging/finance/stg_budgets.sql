with source as (

    select * from {{ source('finance', 'budgets') }}

),

renamed as (

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
    from source
    where deleted_at is null

)

select * from renamed
