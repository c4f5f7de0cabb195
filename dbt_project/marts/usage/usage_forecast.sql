with months_under_way as (

    select * from {{ ref('int_months_under_way') }}

),

daily_usage as (

    select * from {{ ref('int_usage_daily') }}

),

people as (

    select
        user_id,
        month as this_month,
        local_date,
        limit_messages,
        limit_tokens,
        local_date - month as complete_days
    from months_under_way

),

days as (

    select
        daily_usage.user_id,
        daily_usage.month,
        daily_usage.usage_date,
        sum(daily_usage.events) as messages,
        sum(daily_usage.total_tokens) as tokens,
        sum(coalesce(daily_usage.total_cost, 0)) as cost,
        sum(daily_usage.unknown_cost_events) as unknown_cost_events
    from daily_usage
    inner join people on daily_usage.user_id = people.user_id
    where
        daily_usage.month between (people.this_month - interval '6 months')::date and people.this_month
    group by daily_usage.user_id, daily_usage.month, daily_usage.usage_date

),

running as (

    select
        user_id,
        month,
        usage_date,
        sum(messages) over (partition by user_id, month order by usage_date) as messages,
        sum(tokens) over (partition by user_id, month order by usage_date) as tokens
    from days

),

-- What was used until the same day of each month, and in all of it.
months as (

    select
        days.user_id,
        days.month,
        people.complete_days,
        (days.month + interval '1 month')::date - days.month as days_in_month,
        sum(days.messages) as messages,
        sum(days.tokens) as tokens,
        sum(days.cost) as cost,
        sum(days.unknown_cost_events) as unknown_cost_events,
        coalesce(
            sum(days.messages) filter (where days.usage_date < days.month + people.complete_days), 0
        ) as messages_then,
        coalesce(sum(days.tokens) filter (where days.usage_date < days.month + people.complete_days), 0) as tokens_then,
        coalesce(sum(days.cost) filter (where days.usage_date < days.month + people.complete_days), 0) as cost_then
    from days
    inner join people on days.user_id = people.user_id
    group by days.user_id, days.month, people.complete_days

),

-- The one formula, for the month under way and those it is tested on. Multiplied first: what is constant stays exact.
projected as (

    select
        user_id,
        month,
        complete_days,
        days_in_month,
        messages,
        tokens,
        cost,
        unknown_cost_events,
        messages_then,
        tokens_then,
        cost_then,
        round(messages_then * days_in_month / nullif(complete_days, 0)) as projected_messages,
        round(tokens_then * days_in_month / nullif(complete_days, 0)) as projected_tokens,
        round(cost_then * days_in_month / nullif(complete_days, 0), 12) as projected_cost
    from months

),

-- A month as short as what has passed of this one would be known in full, and flatter the error.
tested as (

    select
        projected.user_id,
        count(*) as backtest_months,
        sum(abs(projected.projected_messages - projected.messages))
        / nullif(sum(projected.messages), 0) as messages_wape,
        sum(abs(projected.projected_tokens - projected.tokens)) / nullif(sum(projected.tokens), 0) as tokens_wape,
        sum(abs(projected.projected_cost - projected.cost)) / nullif(sum(projected.cost), 0) as cost_wape
    from projected
    inner join people on projected.user_id = people.user_id
    where
        projected.month < people.this_month
        and projected.complete_days between 1 and projected.days_in_month - 1
    group by projected.user_id

),

reached as (

    select
        running.user_id,
        min(running.usage_date) filter (where running.messages >= people.limit_messages) as messages_on,
        min(running.usage_date) filter (where running.tokens >= people.limit_tokens) as tokens_on
    from running
    inner join people on running.user_id = people.user_id and running.month = people.this_month
    group by running.user_id

),

-- The day of the month on which a limit will be used up, where the error of such a projection is known.
run_out as (

    select
        people.user_id,
        case
            when tested.messages_wape is not null
                then ceil(people.limit_messages::numeric * people.complete_days / nullif(projected.messages_then, 0))
        end as messages_day,
        case
            when tested.tokens_wape is not null
                then ceil(people.limit_tokens::numeric * people.complete_days / nullif(projected.tokens_then, 0))
        end as tokens_day
    from people
    inner join projected on people.user_id = projected.user_id and people.this_month = projected.month
    inner join tested on people.user_id = tested.user_id

),

described as (

    select
        people.user_id,
        people.this_month as month,
        people.local_date as as_of_date,
        people.complete_days,
        projected.days_in_month,
        projected.messages::bigint as messages,
        projected.tokens::bigint as tokens,
        projected.cost::numeric(38, 12) as cost,
        projected.unknown_cost_events::bigint as unknown_cost_events,
        (projected.messages_then / nullif(people.complete_days, 0))::numeric(38, 12) as messages_per_day,
        (projected.tokens_then / nullif(people.complete_days, 0))::numeric(38, 12) as tokens_per_day,
        (projected.cost_then / nullif(people.complete_days, 0))::numeric(38, 12) as cost_per_day,
        case
            when tested.messages_wape is not null then greatest(projected.projected_messages, projected.messages)
        end::bigint as projected_messages,
        case
            when tested.tokens_wape is not null then greatest(projected.projected_tokens, projected.tokens)
        end::bigint as projected_tokens,
        case
            when tested.cost_wape is not null then greatest(projected.projected_cost, projected.cost)
        end::numeric(38, 12) as projected_cost,
        people.limit_messages,
        people.limit_tokens,
        case
            when reached.messages_on is not null then reached.messages_on
            when run_out.messages_day <= projected.days_in_month
                then people.this_month + run_out.messages_day::integer - 1
        end as messages_run_out_on,
        case
            when reached.tokens_on is not null then reached.tokens_on
            when run_out.tokens_day <= projected.days_in_month then people.this_month + run_out.tokens_day::integer - 1
        end as tokens_run_out_on,
        coalesce(tested.backtest_months, 0)::bigint as backtest_months,
        tested.messages_wape::numeric(38, 6) as messages_wape,
        tested.tokens_wape::numeric(38, 6) as tokens_wape,
        tested.cost_wape::numeric(38, 6) as cost_wape
    from people
    inner join projected on people.user_id = projected.user_id and people.this_month = projected.month
    left join tested on people.user_id = tested.user_id
    left join run_out on people.user_id = run_out.user_id
    left join reached on people.user_id = reached.user_id

)

select * from described
