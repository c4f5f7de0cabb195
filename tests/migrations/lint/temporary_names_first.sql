-- A temporary table comes before all schemas that are not said to come before it: a function that runs as its owner
-- would take the caller's for the real one.
SELECT p.oid::regprocedure::text
FROM pg_proc AS p
WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
  AND NOT EXISTS (
    SELECT FROM unnest(p.proconfig) AS s (setting)
    WHERE s.setting = 'search_path=""' OR s.setting ~ '^search_path=.*, pg_temp$'
  )
