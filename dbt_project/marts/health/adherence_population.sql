with adherence as (

    select * from {{ ref('adherence_daily') }}

),

summed as (

    select
        date_trunc('month', local_date::timestamp)::date as month,
        count(distinct user_id) as people,
        sum(scheduled)::bigint as scheduled,
        sum(taken)::bigint as taken
    from adherence
    where scheduled > 0
    group by date_trunc('month', local_date::timestamp)

),

large_enough as (

    select
        month,
        people,
        scheduled,
        taken,
        (taken::numeric / scheduled)::numeric(38, 6) as adherence_ratio
    from summed
    where people >= {{ smallest_cell() }}

)

select * from large_enough
