with cash_flow as (

    select * from {{ ref('cash_flow_monthly') }}

),

averaged as (

    select
        month,
        currency,
        count(distinct user_id) as people,
        avg(income)::numeric(38, 4) as income,
        avg(expense)::numeric(38, 4) as expense,
        (avg(income)::numeric(38, 4) - avg(expense)::numeric(38, 4))::numeric(38, 4) as net
    from cash_flow
    group by month, currency

),

large_enough as (

    select * from averaged
    where people >= {{ smallest_cell() }}

)

select * from large_enough
