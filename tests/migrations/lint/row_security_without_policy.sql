-- A table without any policy was forgotten. Partitions are reached through their parent's.
SELECT c.relname
FROM pg_class AS c
WHERE c.relrowsecurity AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid)
