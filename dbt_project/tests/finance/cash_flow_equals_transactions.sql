-- Guards a person's money: per currency, net cash flow is the sum of the transactions that are not transfers.
-- Without it a transaction counted twice, or in the wrong currency, would look like spending.
with flows as (

    select
        user_id,
        currency,
        sum(net) as net,
        sum(transactions) as transactions
    from {{ ref('cash_flow_monthly') }}
    group by user_id, currency

),

recounted as (

    select * from {{ ref('int_finance_control') }}
    where transactions > 0

)

select coalesce(flows.user_id, recounted.user_id) as user_id
from flows
full outer join recounted on flows.user_id = recounted.user_id and flows.currency = recounted.currency
where (flows.net, flows.transactions) is distinct from (recounted.net, recounted.transactions)
