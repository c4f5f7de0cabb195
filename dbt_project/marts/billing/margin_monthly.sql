with billable_usage as (

    select * from {{ ref('int_billable_usage_daily') }}

),

revenue as (

    select * from {{ ref('int_revenue_monthly') }}

),

fx_daily as (

    select * from {{ ref('int_fx_daily') }}

),

costs as (

    select
        billable_usage.user_id,
        billable_usage.posted_month as month,
        billable_usage.agent_id,
        billable_usage.provider,
        billable_usage.model,
        sum(billable_usage.events)::bigint as events,
        sum(billable_usage.unknown_cost_events)::bigint as unknown_cost_events,
        coalesce(sum(billable_usage.total_cost), 0) as cost_usd,
        case
            when bool_and(fx_daily.rate is not null or coalesce(billable_usage.total_cost, 0) = 0)
                then coalesce(sum(billable_usage.total_cost * fx_daily.rate), 0)
        end as cost_mxn
    from billable_usage
    left join fx_daily on billable_usage.usage_date = fx_daily.day and fx_daily.currency = 'USD'
    group by
        billable_usage.user_id, billable_usage.posted_month, billable_usage.agent_id, billable_usage.provider,
        billable_usage.model

),

-- What a person brings is shared among their agents and models by cost; where nothing cost anything, by calls.
weighed as (

    select
        *,
        case
            when sum(greatest(cost_usd, 0)) over of_person > 0
                then greatest(cost_usd, 0) / sum(greatest(cost_usd, 0)) over of_person
            when sum(greatest(events, 0)) over of_person > 0
                then greatest(events, 0) / sum(greatest(events, 0)) over of_person
            else 1::numeric / count(*) over of_person
        end as weight
    from costs
    window of_person as (partition by user_id, month)

),

joined as (

    select
        coalesce(weighed.month, revenue.month) as month,
        coalesce(weighed.user_id, revenue.user_id) as user_id,
        revenue.plan_code,
        weighed.agent_id,
        coalesce(weighed.provider, 'none') as provider,
        coalesce(weighed.model, 'none') as model,
        coalesce(weighed.events, 0) as events,
        coalesce(weighed.unknown_cost_events, 0) as unknown_cost_events,
        coalesce(weighed.cost_usd, 0) as cost_usd,
        case when weighed.user_id is null then 0 else weighed.cost_mxn end as cost_mxn,
        coalesce(weighed.weight, 1) as weight,
        case
            when revenue.user_id is null then 0 else revenue.plan_revenue_mxn + revenue.usage_revenue_mxn
        end as person_revenue_mxn
    from weighed
    full outer join revenue on weighed.user_id = revenue.user_id and weighed.month = revenue.month
    where weighed.user_id is not null or revenue.plan_revenue_mxn + revenue.usage_revenue_mxn is distinct from 0

),

shared as (

    select
        *,
        round(person_revenue_mxn * weight, 12) as share,
        row_number() over (
            partition by user_id, month order by weight desc, agent_id asc, provider asc, model asc
        ) as place
    from joined

),

-- The heaviest share takes what rounding left.
exact as (

    select
        *,
        case
            when place = 1 then person_revenue_mxn - sum(share) over (partition by user_id, month) + share
            else share
        end as revenue_mxn
    from shared

),

measured as (

    select
        month,
        user_id,
        plan_code,
        agent_id,
        provider,
        model,
        events,
        unknown_cost_events,
        revenue_mxn::numeric(38, 12) as revenue_mxn,
        cost_usd::numeric(38, 12) as cost_usd,
        cost_mxn::numeric(38, 12) as cost_mxn,
        (revenue_mxn::numeric(38, 12) - cost_mxn::numeric(38, 12))::numeric(38, 12) as margin_mxn
    from exact

)

select * from measured
