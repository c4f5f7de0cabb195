with monthly as (

    select * from {{ ref('int_mrr_monthly') }}

),

neighbours as (

    select
        user_id,
        month,
        currency,
        mrr,
        this_month,
        lag(month) over paid as last_paid,
        lag(mrr) over paid as last_mrr,
        lead(month) over paid as next_paid
    from monthly
    window paid as (partition by user_id, currency order by month)

),

-- Who did not pay in the month before begins at 0. Back after three months at 0 it is a reactivation; sooner, it is
-- more of what they had: an expansion.
arrivals as (

    select
        user_id,
        month,
        currency,
        case when last_paid = (month - interval '1 month')::date then last_mrr else 0 end as mrr_before,
        mrr as mrr_after,
        case
            when last_paid is null then 'new'
            when last_paid < (month - interval '3 months')::date then 'reactivation'
            when last_paid < (month - interval '1 month')::date or mrr > last_mrr then 'expansion'
            when mrr < last_mrr then 'contraction'
        end as kind
    from neighbours

),

departures as (

    select
        user_id,
        (month + interval '1 month')::date as month,
        currency,
        mrr as mrr_before,
        0 as mrr_after,
        'churn' as kind
    from neighbours
    where month < this_month and next_paid is distinct from (month + interval '1 month')::date

),

moved as (

    select * from arrivals
    where kind is not null
    union all
    select * from departures

),

measured as (

    select
        user_id,
        month,
        currency,
        kind,
        mrr_before::numeric(38, 12) as mrr_before,
        mrr_after::numeric(38, 12) as mrr_after,
        abs(mrr_after - mrr_before)::numeric(38, 12) as amount
    from moved

)

select * from measured
