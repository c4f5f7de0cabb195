-- A constraint left NOT VALID says nothing of the rows that were there before it.
SELECT k.conname
FROM pg_constraint AS k
JOIN pg_class AS c ON c.oid = k.conrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT k.convalidated
