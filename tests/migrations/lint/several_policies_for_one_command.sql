-- Permissive policies add up: what a role may do to which rows is said in one place.
SELECT p.tablename || ' ' || r.role || ' ' || c.command
FROM pg_policies AS p
CROSS JOIN unnest(p.roles) AS r (role)
CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS c (command)
WHERE p.schemaname = 'public' AND p.permissive = 'PERMISSIVE' AND p.cmd IN ('ALL', c.command)
GROUP BY p.tablename, r.role, c.command
HAVING count(*) > 1
