-- Of a relation nobody but its owner has anything but the four commands on rows.
SELECT c.relname || ' ' || g.privilege_type || ' ' || g.grantee::regrole::text
FROM pg_class AS c
CROSS JOIN LATERAL aclexplode(c.relacl) AS g
WHERE c.relnamespace = 'public'::regnamespace AND g.grantee <> c.relowner
  AND (g.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'USAGE') OR g.is_grantable)
