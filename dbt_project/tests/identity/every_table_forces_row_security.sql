-- Guards isolation: a table without forced row security would show everybody's rows to whoever may read it.
-- depends_on: {{ ref('account_balances') }}
-- depends_on: {{ ref('budget_status') }}
-- depends_on: {{ ref('cash_flow_monthly') }}
-- depends_on: {{ ref('cash_flow_population') }}
-- depends_on: {{ ref('spending_monthly') }}
-- depends_on: {{ ref('adherence_daily') }}
-- depends_on: {{ ref('adherence_population') }}
-- depends_on: {{ ref('measurement_readings') }}
-- depends_on: {{ ref('measurements_latest') }}
-- depends_on: {{ ref('billing_monthly') }}
-- depends_on: {{ ref('usage_daily') }}
select c.oid::regclass as unprotected
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where
    n.nspname in ('intermediate', 'marts_candidate')
    and c.relkind = 'r'
    and not (c.relrowsecurity and c.relforcerowsecurity)
