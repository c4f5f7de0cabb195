-- Guards that each month begins where the one before it ended, none being left out.
with revenue as (

    select * from {{ ref('revenue_monthly') }}

),

linked as (

    select
        *,
        lag(mrr, 1, 0) over earlier as mrr_of_earlier,
        lag(month) over earlier as earlier_month
    from revenue
    window earlier as (partition by currency order by month)

)

select
    month,
    currency
from linked
where
    mrr_before <> mrr_of_earlier
    or earlier_month <> (month - interval '1 month')::date
