-- Guards that one figure has one value: spending by category adds up to the expense of the month.
with spending as (

    select
        user_id,
        month,
        currency,
        sum(spent) as spent
    from {{ ref('spending_monthly') }}
    group by user_id, month, currency

),

cash_flow as (

    select * from {{ ref('cash_flow_monthly') }}

)

select cash_flow.user_id
from cash_flow
left join spending
    on
        cash_flow.user_id = spending.user_id
        and cash_flow.month = spending.month
        and cash_flow.currency = spending.currency
where cash_flow.expense <> coalesce(spending.spent, 0)
