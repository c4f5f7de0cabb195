-- Guards health and finance: of a mart that carries a person nobody but that person, signed in, reads a row.
-- Usage is the one domain admins and (pseudonymously) analysts see, too; what people pay, admins alone.
-- depends_on: {{ ref('account_balances') }}
-- depends_on: {{ ref('budget_status') }}
-- depends_on: {{ ref('cash_flow_monthly') }}
-- depends_on: {{ ref('cash_flow_population') }}
-- depends_on: {{ ref('spending_monthly') }}
-- depends_on: {{ ref('adherence_daily') }}
-- depends_on: {{ ref('adherence_population') }}
-- depends_on: {{ ref('measurement_readings') }}
-- depends_on: {{ ref('measurements_latest') }}
-- depends_on: {{ ref('billable_daily') }}
-- depends_on: {{ ref('billing_monthly') }}
-- depends_on: {{ ref('usage_daily') }}
-- depends_on: {{ ref('usage_forecast') }}
-- depends_on: {{ ref('unusual_activity') }}
-- depends_on: {{ ref('mrr_movements') }}
-- depends_on: {{ ref('margin_monthly') }}
with personal as (

    select
        c.oid,
        c.relname,
        c.relacl
    from pg_class as c
    inner join pg_namespace as n on c.relnamespace = n.oid
    inner join pg_attribute as a on c.oid = a.attrelid and a.attname = 'user_id'
    where
        n.nspname = 'marts_candidate'
        and c.relkind = 'r'

),

granted as (

    select
        personal.relname as mart,
        acl.grantee::regrole::text as role
    from personal
    cross join aclexplode(personal.relacl) as acl

),

open_to_users as (

    select personal.relname as mart
    from personal
    inner join pg_policy as p on personal.oid = p.polrelid
    where
        'cauce_user'::regrole = any(p.polroles)
        and pg_get_expr(p.polqual, p.polrelid) not like '%user_id = ( SELECT%current_user_id()%'

)

select
    mart,
    role
from granted
where
    role not in ('cauce_transform', 'cauce_user')
    and not (mart in ('usage_daily', 'billing_monthly') and role in ('cauce_admin', 'cauce_analyst'))
    and not (
        mart in ('billable_daily', 'usage_forecast', 'unusual_activity', 'mrr_movements', 'margin_monthly')
        and role = 'cauce_admin'
    )
union all
select
    mart,
    'cauce_user' as role
from open_to_users
