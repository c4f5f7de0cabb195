-- Every table forces row security, partitions too: nobody is above the policies, the owner neither.
SELECT c.relname
FROM pg_class AS c
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
