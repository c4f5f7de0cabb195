-- Whoever owns a relation or a function may change who may do what with it.
SELECT c.relname
FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relowner <> 'cauce_owner'::regrole
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
UNION ALL
SELECT p.proname
FROM pg_proc AS p
WHERE p.pronamespace = 'public'::regnamespace AND p.proowner <> 'cauce_owner'::regrole
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
