-- A materialized view knows no row security: whoever may read it reads everybody's rows.
SELECT c.relname
FROM pg_class AS c
CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) AS g
WHERE c.relkind = 'm' AND c.relnamespace = 'public'::regnamespace AND g.grantee <> c.relowner
