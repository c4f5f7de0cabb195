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
        measured.largest,
        measured.unpriced_tokens,
        ledger.events,
        ledger.unknown_cost_events
    from days
    inner join ledger on days.provider = ledger.provider and days.usage_date = ledger.usage_date
    cross join
        lateral (
            values
            (
                'usage', 'tokens_input', ledger.tokens_input, ledger.early_tokens_input, ledger.late_tokens_input,
                ledger.largest_tokens_input, 0
            ),
            (
                'usage', 'tokens_output', ledger.tokens_output, ledger.early_tokens_output, ledger.late_tokens_output,
                ledger.largest_tokens_output, 0
            ),
            ('cost', 'cost', ledger.total_cost, 0, 0, 0, ledger.unpriced_tokens)
        ) as measured (kind, measure, quantity, early, late, largest, unpriced_tokens)
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
        max(largest)::numeric(38, 12) as largest,
        sum(unpriced_tokens)::numeric(38, 12) as unpriced_tokens,
        sum(events)::bigint as events,
        sum(unknown_cost_events)::bigint as unknown_cost_events
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
        coalesce(ledger_summed.largest, 0) as largest,
        coalesce(ledger_summed.unpriced_tokens, 0) as unpriced_tokens,
        coalesce(ledger_summed.events, 0) as ledger_events,
        coalesce(ledger_summed.unknown_cost_events, 0) as unknown_cost_events,
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

token_rests as (

    select
        bounded.*,
        bounded.residual - bounded.time_boundary as rest,
        bounded.is_reported and bounded.has_events and bounded.has_report as is_two_sided,
        coalesce(bounded.reported_requests - bounded.ledger_events, 0) as more_reported
    from bounded
    where bounded.measure <> 'cost'

),

-- Calls that only one side has: no counterpart at all, or more calls on the side that has more tokens. So many calls
-- explain at most as many times the largest call of the day.
token_parts as (

    select
        token_rests.*,
        case
            when not token_rests.is_two_sided then token_rests.rest
            when token_rests.more_reported * token_rests.rest > 0
                then
                    sign(token_rests.rest)
                    * least(abs(token_rests.rest), abs(token_rests.more_reported) * token_rests.largest)
            else 0
        end as unmatched
    from token_rests

),

tokens_of_day as (

    select
        provider,
        usage_date,
        model,
        sum(ledger) as ledger_tokens,
        sum(reported) as reported_tokens,
        sum(time_boundary) as time_boundary,
        sum(unmatched) as unmatched,
        sum(rest - unmatched) as unexplained
    from token_parts
    group by provider, usage_date, model
    having bool_and(is_two_sided and is_whole_day)

),

-- A token's mean price of that day and model is that of the calls whose cost is known, or the report's where none is.
priced as (

    select
        bounded.*,
        tokens_of_day.time_boundary as tokens_moved,
        tokens_of_day.unmatched as tokens_unmatched,
        tokens_of_day.unexplained as tokens_unexplained,
        bounded.is_reported and bounded.has_events and bounded.has_report as is_two_sided,
        case
            when tokens_of_day.ledger_tokens > bounded.unpriced_tokens
                then bounded.ledger / (tokens_of_day.ledger_tokens - bounded.unpriced_tokens)
            when tokens_of_day.ledger_tokens > 0 then bounded.reported / nullif(tokens_of_day.reported_tokens, 0)
        end as token_price
    from bounded
    left join tokens_of_day
        on
            bounded.provider = tokens_of_day.provider
            and bounded.usage_date = tokens_of_day.usage_date
            and bounded.model = tokens_of_day.model
    where bounded.measure = 'cost'

),

-- What tokens explain of a cost, or leave unexplained, at that price.
weighed as (

    select
        priced.*,
        priced.is_two_sided and priced.is_whole_day and priced.token_price is not null as is_weighed,
        round(priced.tokens_moved * priced.token_price, 12) as weighed_boundary,
        round(priced.tokens_unmatched * priced.token_price, 12) as weighed_unmatched,
        round(priced.tokens_unexplained * priced.token_price, 12) as weighed_unexplained
    from priced

),

-- Calls of unknown cost count as 0 in the ledger: they explain what such tokens cost, and no more than is left.
completed as (

    select
        weighed.*,
        greatest(
            least(
                round(weighed.unpriced_tokens * weighed.token_price, 12),
                weighed.residual - weighed.weighed_boundary - weighed.weighed_unmatched - weighed.weighed_unexplained
            ),
            0
        ) as weighed_unknown
    from weighed

),

left_over as (

    select
        completed.*,
        completed.residual - completed.weighed_boundary - completed.weighed_unmatched
        - completed.weighed_unexplained - completed.weighed_unknown as rest,
        abs(completed.weighed_boundary) + abs(completed.weighed_unmatched) + completed.weighed_unknown as estimated
    from completed

),

usual_prices as (

    select
        provider,
        model,
        percentile_cont(0.5) within group (order by 1 + rest / ledger)::numeric as factor
    from left_over
    where is_weighed and ledger > 0
    group by provider, model
    having count(*) > 1

),

-- What tokens do not explain is another price only where it is the same one on the model's days (to 2 per cent; of a
-- single day nobody can tell), or no more than what the mean price can be wrong by: what it explained of this cost.
cost_parts as (

    select
        left_over.*,
        left_over.is_weighed and left_over.residual <> 0 as is_split,
        coalesce(
            abs(left_over.rest - (coalesce(usual_prices.factor, 1) - 1) * left_over.ledger)
            <= 0.02 * greatest(coalesce(usual_prices.factor, 1), 0) * left_over.ledger + left_over.estimated,
            false
        ) as is_price
    from left_over
    left join usual_prices on left_over.provider = usual_prices.provider and left_over.model = usual_prices.model

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
        unknown_cost_events,
        is_reported,
        has_events,
        has_report,
        time_boundary,
        unmatched,
        0::numeric as unknown_cost,
        0::numeric as price
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
        unknown_cost_events,
        is_reported,
        has_events,
        has_report,
        case when is_split then weighed_boundary else time_boundary end as time_boundary,
        case
            when not is_whole_day then 0
            when not is_two_sided then residual
            when is_split then weighed_unmatched
            else 0
        end as unmatched,
        case when is_split then weighed_unknown else 0 end as unknown_cost,
        case when is_split and is_price then rest else 0 end as price
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
        unknown_cost::numeric(38, 12) as unknown_cost,
        price::numeric(38, 12) as price,
        (residual - time_boundary - unmatched - unknown_cost - price)::numeric(38, 12) as unexplained,
        ledger_events,
        unknown_cost_events,
        reported_requests,
        is_reported,
        has_events,
        has_report
    from parts
    where ledger <> 0 or reported <> 0

),

named as (

    select
        usage_date,
        provider,
        model,
        measure,
        ledger,
        reported,
        residual,
        time_boundary,
        unmatched,
        unknown_cost,
        price,
        unexplained,
        ledger_events,
        unknown_cost_events,
        reported_requests,
        unexplained = 0 as is_explained,
        case
            when unexplained <> 0 then 'unexplained'
            when greatest(abs(time_boundary), abs(unmatched), unknown_cost, abs(price)) = 0 then 'matches'
            when not is_reported then 'no_report'
            when unmatched <> 0 and not has_report then 'events_without_report'
            when unmatched <> 0 and not has_events then 'report_without_events'
            when abs(unmatched) >= greatest(abs(time_boundary), unknown_cost, abs(price))
                then case when unmatched > 0 then 'calls_not_in_ledger' else 'calls_not_in_report' end
            when abs(time_boundary) >= greatest(unknown_cost, abs(price)) then 'time_boundary'
            when unknown_cost >= abs(price) then 'unknown_cost'
            else 'price'
        end as explanation
    from explained

)

select * from named
