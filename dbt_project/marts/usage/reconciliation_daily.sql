with reported as (

    select * from {{ ref('int_reported_daily') }}

),

ledger as (

    select * from {{ ref('int_ledger_utc_daily') }}

),

report_days as (

    select distinct
        provider,
        kind,
        usage_date,
        is_by_model,
        is_whole_day
    from reported

),

spans as (

    select
        provider,
        kind,
        min(usage_date) as first_date,
        max(usage_date) as last_date
    from report_days
    group by provider, kind

),

-- Every day between the first and the last that a provider reported, also those that no report was loaded of.
days as (

    select
        spans.provider,
        spans.kind,
        listed.usage_date::date as usage_date,
        report_days.usage_date is not null as is_reported,
        coalesce(report_days.is_by_model, true) as is_by_model,
        coalesce(report_days.is_whole_day, true) as is_whole_day
    from spans
    cross join lateral generate_series(spans.first_date, spans.last_date, interval '1 day') as listed (usage_date)
    left join report_days
        on
            spans.provider = report_days.provider
            and spans.kind = report_days.kind
            and listed.usage_date = report_days.usage_date

),

ledger_measures as (

    select
        days.provider,
        days.usage_date,
        case when days.is_by_model then ledger.model else 'all' end as model,
        measured.measure,
        measured.quantity,
        measured.early,
        measured.late,
        ledger.events
    from days
    inner join ledger on days.provider = ledger.provider and days.usage_date = ledger.usage_date
    cross join
        lateral (
            values
            ('usage', 'tokens_input', ledger.tokens_input, ledger.early_tokens_input, ledger.late_tokens_input),
            ('usage', 'tokens_output', ledger.tokens_output, ledger.early_tokens_output, ledger.late_tokens_output),
            ('cost', 'cost', ledger.total_cost, 0, 0)
        ) as measured (kind, measure, quantity, early, late)
    where days.kind = measured.kind

),

ledger_summed as (

    select
        provider,
        usage_date,
        model,
        measure,
        sum(quantity)::numeric(38, 12) as quantity,
        sum(early)::numeric(38, 12) as early,
        sum(late)::numeric(38, 12) as late,
        sum(events)::bigint as events
    from ledger_measures
    group by provider, usage_date, model, measure

),

reported_measures as (

    select
        reported.provider,
        reported.usage_date,
        reported.model,
        measured.measure,
        measured.quantity::numeric(38, 12) as quantity,
        reported.requests
    from reported
    cross join
        lateral (
            values
            ('usage', 'tokens_input', reported.tokens_input),
            ('usage', 'tokens_output', reported.tokens_output),
            ('cost', 'cost', reported.total_cost)
        ) as measured (kind, measure, quantity)
    where reported.kind = measured.kind

),

matched as (

    select
        coalesce(ledger_summed.provider, reported_measures.provider) as provider,
        coalesce(ledger_summed.usage_date, reported_measures.usage_date) as usage_date,
        coalesce(ledger_summed.model, reported_measures.model) as model,
        coalesce(ledger_summed.measure, reported_measures.measure) as measure,
        coalesce(ledger_summed.quantity, 0) as ledger,
        coalesce(reported_measures.quantity, 0) as reported,
        coalesce(reported_measures.quantity, 0) - coalesce(ledger_summed.quantity, 0) as residual,
        coalesce(ledger_summed.early, 0) as early,
        coalesce(ledger_summed.late, 0) as late,
        coalesce(ledger_summed.events, 0) as ledger_events,
        reported_measures.requests as reported_requests,
        ledger_summed.provider is not null as has_events,
        reported_measures.provider is not null as has_report
    from ledger_summed
    full outer join reported_measures
        on
            ledger_summed.provider = reported_measures.provider
            and ledger_summed.usage_date = reported_measures.usage_date
            and ledger_summed.model = reported_measures.model
            and ledger_summed.measure = reported_measures.measure

),

compared as (

    select
        matched.*,
        days.is_reported,
        days.is_whole_day
    from matched
    inner join days
        on
            matched.provider = days.provider
            and matched.usage_date = days.usage_date
            and case when matched.measure = 'cost' then 'cost' else 'usage' end = days.kind

),

-- What may have moved over the midnight after each day: never more than either day lacks, or than was called near it.
neighbours as (

    select
        compared.*,
        case
            when next_day.usage_date is null then 0
            when compared.residual < 0 and next_day.residual > 0
                then least(-compared.residual, next_day.residual, compared.late)
            when compared.residual > 0 and next_day.residual < 0
                then -least(compared.residual, -next_day.residual, next_day.early)
            else 0
        end as may_move
    from compared
    left join compared as next_day
        on
            compared.provider = next_day.provider
            and compared.model = next_day.model
            and compared.measure = next_day.measure
            and compared.usage_date + 1 = next_day.usage_date
            and compared.measure <> 'cost'
            and compared.is_reported and next_day.is_reported
            and compared.is_whole_day and next_day.is_whole_day

),

-- What the midnight before has explained of a day, the one after does not explain again.
moved as (

    select
        neighbours.*,
        sign(neighbours.may_move)
        * least(
            abs(neighbours.may_move),
            greatest(abs(neighbours.residual) - abs(coalesce(previous_day.may_move, 0)), 0)
        ) as moves_on
    from neighbours
    left join neighbours as previous_day
        on
            neighbours.provider = previous_day.provider
            and neighbours.model = previous_day.model
            and neighbours.measure = previous_day.measure
            and neighbours.usage_date - 1 = previous_day.usage_date

),

bounded as (

    select
        moved.*,
        case
            when moved.is_reported and not moved.is_whole_day then moved.residual
            else coalesce(previous_day.moves_on, 0) - moved.moves_on
        end as time_boundary
    from moved
    left join moved as previous_day
        on
            moved.provider = previous_day.provider
            and moved.model = previous_day.model
            and moved.measure = previous_day.measure
            and moved.usage_date - 1 = previous_day.usage_date

),

-- Calls that only one side has: no counterpart at all, or more calls on the side that has more tokens.
token_parts as (

    select
        bounded.*,
        case
            when
                not bounded.is_reported or not bounded.has_events or not bounded.has_report
                or (bounded.reported_requests - bounded.ledger_events) * (bounded.residual - bounded.time_boundary) > 0
                then bounded.residual - bounded.time_boundary
            else 0
        end as unmatched
    from bounded
    where bounded.measure <> 'cost'

),

tokens_of_day as (

    select
        provider,
        usage_date,
        model,
        sum(ledger) as ledger_tokens,
        sum(time_boundary) as time_boundary,
        sum(unmatched) as unmatched,
        sum(residual - time_boundary - unmatched) as unexplained
    from token_parts
    group by provider, usage_date, model
    having bool_and(is_reported and is_whole_day and has_events and has_report)

),

-- What tokens explain of a cost, at the ledger's mean price of a token of that day and model; the rest is the price.
costs_by_tokens as (

    select
        bounded.*,
        tokens_of_day.provider is not null and tokens_of_day.ledger_tokens > 0 as is_weighed,
        round(tokens_of_day.time_boundary * bounded.ledger / nullif(tokens_of_day.ledger_tokens, 0), 12)
            as weighed_boundary,
        round(tokens_of_day.unmatched * bounded.ledger / nullif(tokens_of_day.ledger_tokens, 0), 12)
            as weighed_unmatched,
        round(tokens_of_day.unexplained * bounded.ledger / nullif(tokens_of_day.ledger_tokens, 0), 12)
            as weighed_unexplained
    from bounded
    left join tokens_of_day
        on
            bounded.provider = tokens_of_day.provider
            and bounded.usage_date = tokens_of_day.usage_date
            and bounded.model = tokens_of_day.model
    where bounded.measure = 'cost'

),

cost_parts as (

    select
        costs_by_tokens.*,
        not(
            costs_by_tokens.is_reported and costs_by_tokens.has_events and costs_by_tokens.has_report
        ) as is_one_sided,
        not costs_by_tokens.is_whole_day as is_part_of_day
    from costs_by_tokens

),

parts as (

    select
        provider,
        usage_date,
        model,
        measure,
        ledger,
        reported,
        residual,
        ledger_events,
        reported_requests,
        is_reported,
        has_events,
        has_report,
        time_boundary,
        unmatched,
        0::numeric as price,
        residual - time_boundary - unmatched as unexplained
    from token_parts
    union all
    select
        provider,
        usage_date,
        model,
        measure,
        ledger,
        reported,
        residual,
        ledger_events,
        reported_requests,
        is_reported,
        has_events,
        has_report,
        case when is_part_of_day or is_one_sided or not is_weighed then time_boundary else weighed_boundary end
            as time_boundary,
        case
            when is_part_of_day then 0
            when is_one_sided then residual
            when is_weighed then weighed_unmatched
            else 0
        end as unmatched,
        case
            when is_part_of_day or is_one_sided or not is_weighed then 0
            else residual - weighed_boundary - weighed_unmatched - weighed_unexplained
        end as price,
        case
            when is_part_of_day or is_one_sided then 0
            when is_weighed then weighed_unexplained
            else residual
        end as unexplained
    from cost_parts

),

explained as (

    select
        usage_date,
        provider::varchar as provider,
        model::varchar as model,
        measure,
        ledger::numeric(38, 12) as ledger,
        reported::numeric(38, 12) as reported,
        residual::numeric(38, 12) as residual,
        time_boundary::numeric(38, 12) as time_boundary,
        unmatched::numeric(38, 12) as unmatched,
        price::numeric(38, 12) as price,
        unexplained::numeric(38, 12) as unexplained,
        ledger_events,
        reported_requests,
        unexplained = 0 as is_explained,
        case
            when residual = 0 and unexplained = 0 and unmatched = 0 and time_boundary = 0 and price = 0 then 'matches'
            when unexplained <> 0 then 'unexplained'
            when not is_reported then 'no_report'
            when unmatched <> 0 and not has_report then 'events_without_report'
            when unmatched <> 0 and not has_events then 'report_without_events'
            when abs(unmatched) >= greatest(abs(time_boundary), abs(price)) then 'unmatched_calls'
            when abs(time_boundary) >= abs(price) then 'time_boundary'
            else 'price'
        end as explanation
    from parts
    where ledger <> 0 or reported <> 0

)

select * from explained
