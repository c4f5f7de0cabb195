with source as (

    select * from {{ source('usage', 'provider_reports') }}

),

renamed as (

    select
        report_key,
        provider,
        kind,
        report,
        starts_at,
        ends_at,
        model,
        requests,
        tokens_input,
        tokens_output,
        amount as total_cost,
        loaded_at,
        grouping as grouped_by,
        (starts_at at time zone 'UTC')::date as usage_date
    from source

)

select * from renamed
