with monthly as (

    select * from {{ ref('int_mrr_monthly') }}

),

movements as (

    select * from {{ ref('mrr_movements') }}

),

months as (

    select
        span.currency,
        month.day::date as month
    from (
        select
            currency,
            min(month) as first_month,
            max(this_month) as last_month
        from monthly
        group by currency
    ) as span
    cross join lateral generate_series(span.first_month, span.last_month, interval '1 month') as month (day)

),

paid as (

    select
        currency,
        month,
        sum(mrr) as mrr,
        count(*) as paying_people
    from monthly
    group by currency, month

),

moved as (

    select
        currency,
        month,
        sum(amount) filter (where kind = 'new') as new_mrr,
        sum(amount) filter (where kind = 'expansion') as expansion_mrr,
        sum(amount) filter (where kind = 'reactivation') as reactivation_mrr,
        sum(amount) filter (where kind = 'contraction') as contraction_mrr,
        sum(amount) filter (where kind = 'churn') as churned_mrr,
        count(*) filter (where kind = 'churn') as churned_people
    from movements
    group by currency, month

),

followed as (

    select
        months.month,
        months.currency,
        coalesce(paid.mrr, 0) as mrr,
        coalesce(paid.paying_people, 0) as paying_people,
        coalesce(moved.new_mrr, 0) as new_mrr,
        coalesce(moved.expansion_mrr, 0) as expansion_mrr,
        coalesce(moved.reactivation_mrr, 0) as reactivation_mrr,
        coalesce(moved.contraction_mrr, 0) as contraction_mrr,
        coalesce(moved.churned_mrr, 0) as churned_mrr,
        coalesce(moved.churned_people, 0) as churned_people,
        lag(coalesce(paid.mrr, 0), 1, 0) over before as mrr_before,
        lag(coalesce(paid.paying_people, 0), 1, 0::bigint) over before as paying_people_before
    from months
    left join paid on months.currency = paid.currency and months.month = paid.month
    left join moved on months.currency = moved.currency and months.month = moved.month
    window before as (partition by months.currency order by months.month)

),

measured as (

    select
        month,
        currency,
        mrr::numeric(38, 12) as mrr,
        mrr_before::numeric(38, 12) as mrr_before,
        new_mrr::numeric(38, 12) as new_mrr,
        expansion_mrr::numeric(38, 12) as expansion_mrr,
        reactivation_mrr::numeric(38, 12) as reactivation_mrr,
        contraction_mrr::numeric(38, 12) as contraction_mrr,
        churned_mrr::numeric(38, 12) as churned_mrr,
        (mrr * 12)::numeric(38, 12) as arr,
        paying_people,
        paying_people_before,
        churned_people,
        (mrr / nullif(paying_people, 0))::numeric(38, 12) as arpu,
        (churned_people::numeric / nullif(paying_people_before, 0))::numeric(38, 6) as people_churn_rate,
        (churned_mrr / nullif(mrr_before, 0))::numeric(38, 6) as mrr_churn_rate
    from followed

)

select * from measured
