with reports as (

    select * from {{ ref('stg_provider_reports') }}

),

-- One day may have been asked for by hour and by day, by model and in all: such sets say the same in other words.
word_sets as (

    select
        provider,
        kind,
        report,
        usage_date,
        grouped_by,
        ends_at - starts_at as width,
        count(distinct starts_at) * (ends_at - starts_at) as coverage,
        bool_or(model is not null) as names_models,
        coalesce(sum(abs(coalesce(tokens_input + tokens_output, total_cost))), 0) = 0 as is_empty,
        max(loaded_at) as loaded_at
    from reports
    group by provider, kind, report, usage_date, grouped_by, ends_at - starts_at

),

chosen_sets as (

    select distinct on (word_sets.provider, word_sets.kind, word_sets.report, word_sets.usage_date) word_sets.*
    from word_sets
    order by
        word_sets.provider asc, word_sets.kind asc, word_sets.report asc, word_sets.usage_date asc,
        word_sets.coverage desc,
        word_sets.names_models desc,
        word_sets.loaded_at desc,
        word_sets.grouped_by asc,
        word_sets.width asc

),

report_days as (

    select
        provider,
        kind,
        usage_date,
        bool_and(names_models or is_empty) as is_by_model,
        min(coverage) >= interval '24 hours' as is_whole_day
    from chosen_sets
    group by provider, kind, usage_date

),

chosen as (

    select
        reports.*,
        report_days.is_by_model,
        report_days.is_whole_day,
        case
            when report_days.is_by_model then coalesce({{ model_family('reports.model') }}, 'none') else 'all'
        end as model_family
    from reports
    inner join chosen_sets
        on
            reports.provider = chosen_sets.provider
            and reports.kind = chosen_sets.kind
            and reports.report = chosen_sets.report
            and reports.usage_date = chosen_sets.usage_date
            and reports.grouped_by = chosen_sets.grouped_by
            and reports.ends_at - reports.starts_at = chosen_sets.width
    inner join report_days
        on
            reports.provider = report_days.provider
            and reports.kind = report_days.kind
            and reports.usage_date = report_days.usage_date

),

summed as (

    select
        provider,
        kind,
        usage_date,
        model_family as model,
        is_by_model,
        is_whole_day,
        sum(requests)::bigint as requests,
        sum(tokens_input)::bigint as tokens_input,
        sum(tokens_output)::bigint as tokens_output,
        sum(total_cost)::numeric(38, 12) as total_cost
    from chosen
    group by provider, kind, usage_date, model_family, is_by_model, is_whole_day

)

select * from summed
