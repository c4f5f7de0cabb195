with usage_logs as (

    select * from {{ ref('stg_usage_logs') }}

),

reports as (

    select * from {{ ref('stg_provider_reports') }}

),

archived as (

    select * from {{ ref('stg_archived_usage_daily') }}

),

-- What an archive keeps are days of people, which are not UTC's.
archived_until as (

    select max(usage_date) as last_date from archived

),

reported_spans as (

    select
        provider,
        min(starts_at) as first_instant,
        max(ends_at) as last_instant
    from reports
    group by provider

),

calls as (

    select
        usage_logs.provider,
        usage_logs.tokens_input,
        usage_logs.tokens_output,
        usage_logs.total_cost,
        (usage_logs.called_at at time zone 'UTC')::date as usage_date,
        (usage_logs.called_at at time zone 'UTC')::time as called_time,
        {{ model_family('usage_logs.model') }} as model
    from usage_logs
    inner join reported_spans on usage_logs.provider = reported_spans.provider
    cross join archived_until
    where
        usage_logs.called_at >= date_trunc('day', reported_spans.first_instant, 'UTC')
        and usage_logs.called_at
        < date_trunc('day', reported_spans.last_instant + interval '24 hours' - interval '1 microsecond', 'UTC')
        -- Said of all providers, so that months without a report are not read.
        and usage_logs.called_at >= (select date_trunc('day', min(reports.starts_at), 'UTC') from reports)
        and (usage_logs.called_at at time zone 'UTC')::date > coalesce(archived_until.last_date, '-infinity')

),

summed as (

    select
        provider,
        usage_date,
        model,
        count(*) as events,
        sum(tokens_input)::bigint as tokens_input,
        sum(tokens_output)::bigint as tokens_output,
        coalesce(sum(total_cost), 0)::numeric(38, 12) as total_cost,
        count(*) filter (where total_cost is null) as unknown_cost_events,
        coalesce(sum(tokens_input + tokens_output) filter (where total_cost is null), 0)::bigint as unpriced_tokens,
        max(tokens_input)::bigint as largest_tokens_input,
        max(tokens_output)::bigint as largest_tokens_output,
        coalesce(sum(tokens_input) filter (where {{ is_early('called_time') }}), 0)::bigint
            as early_tokens_input,
        coalesce(sum(tokens_output) filter (where {{ is_early('called_time') }}), 0)::bigint
            as early_tokens_output,
        coalesce(sum(tokens_input) filter (where {{ is_late('called_time') }}), 0)::bigint
            as late_tokens_input,
        coalesce(sum(tokens_output) filter (where {{ is_late('called_time') }}), 0)::bigint
            as late_tokens_output
    from calls
    group by provider, usage_date, model

)

select * from summed
