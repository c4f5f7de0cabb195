-- A policy of a table that does not ask for it guards nothing.
SELECT c.relname || '.' || p.polname
FROM pg_policy AS p
JOIN pg_class AS c ON c.oid = p.polrelid
WHERE NOT c.relrowsecurity AND c.relnamespace = 'public'::regnamespace
