with people as (

    select * from {{ ref('int_local_dates') }}

),

daily_usage as (

    select * from {{ ref('int_usage_daily') }}

),

-- A spread below this is taken for this: differences of less than 3.5 times it are trivial.
measures (measure, least_spread) as (

    values
    ('cost', 0.1),
    ('tokens', 30000),
    ('calls', 10)

),

days as (

    select
        daily_usage.user_id,
        daily_usage.usage_date,
        sum(coalesce(daily_usage.total_cost, 0)) as cost,
        sum(daily_usage.total_tokens) as tokens,
        sum(daily_usage.events) as calls
    from daily_usage
    inner join people on daily_usage.user_id = people.user_id
    where daily_usage.usage_date between people.local_date - 117 and people.local_date
    group by daily_usage.user_id, daily_usage.usage_date

),

beginnings as (

    select
        user_id,
        min(usage_date) as first_date
    from daily_usage
    group by user_id

),

measured as (

    select
        days.user_id,
        days.usage_date,
        measures.measure,
        measures.least_spread,
        case measures.measure
            when 'cost' then days.cost
            when 'tokens' then days.tokens
            else days.calls
        end as amount
    from days
    cross join measures

),

candidates as (

    select
        measured.user_id,
        measured.usage_date,
        measured.measure,
        measured.least_spread,
        measured.amount,
        least(28, measured.usage_date - beginnings.first_date) as history_days
    from measured
    inner join people on measured.user_id = people.user_id
    inner join beginnings on measured.user_id = beginnings.user_id
    where
        measured.usage_date > people.local_date - 90
        and measured.usage_date - beginnings.first_date >= 14
        and measured.amount > 3.5 * measured.least_spread

),

-- A day without usage is history, too.
history as (

    select
        candidates.user_id,
        candidates.usage_date,
        candidates.measure,
        coalesce(measured.amount, 0) as amount
    from candidates
    cross join lateral generate_series(1, candidates.history_days) as back (n)
    left join measured
        on
            candidates.user_id = measured.user_id
            and candidates.usage_date - back.n = measured.usage_date
            and candidates.measure = measured.measure

),

medians as (

    select
        user_id,
        usage_date,
        measure,
        percentile_cont(0.5) within group (order by amount)::numeric(38, 12) as expected
    from history
    group by user_id, usage_date, measure

),

deviations as (

    select
        history.user_id,
        history.usage_date,
        history.measure,
        medians.expected,
        percentile_cont(0.5) within group (order by abs(history.amount - medians.expected))::numeric as mad,
        avg(abs(history.amount - medians.expected)) as mean_deviation
    from history
    inner join medians
        on
            history.user_id = medians.user_id
            and history.usage_date = medians.usage_date
            and history.measure = medians.measure
    group by history.user_id, history.usage_date, history.measure, medians.expected

),

-- Where more than half of the days are alike the median deviation is 0, and the mean one stands in for it.
spreads as (

    select
        candidates.user_id,
        candidates.usage_date,
        candidates.measure,
        candidates.amount,
        candidates.history_days,
        deviations.expected,
        greatest(
            case when deviations.mad > 0 then deviations.mad / 0.6745 else deviations.mean_deviation * 1.253314 end,
            candidates.least_spread
        ) as spread
    from candidates
    inner join deviations
        on
            candidates.user_id = deviations.user_id
            and candidates.usage_date = deviations.usage_date
            and candidates.measure = deviations.measure

),

scored as (

    select
        user_id,
        usage_date,
        measure,
        history_days,
        amount::numeric(38, 12) as observed,
        expected::numeric(38, 12) as expected,
        spread::numeric(38, 12) as spread,
        ((amount - expected) / spread)::numeric(38, 6) as score
    from spreads

),

flagged as (

    select
        user_id,
        usage_date,
        measure,
        observed,
        expected,
        spread,
        score,
        history_days
    from scored
    where score > 3.5

)

select * from flagged
