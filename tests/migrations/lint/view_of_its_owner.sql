-- A view without security_invoker shows its owner's rows to everybody who may read it.
SELECT c.relname
FROM pg_class AS c
WHERE c.relkind = 'v' AND c.relnamespace = 'public'::regnamespace
  AND NOT coalesce(c.reloptions @> '{security_invoker=true}', false)
