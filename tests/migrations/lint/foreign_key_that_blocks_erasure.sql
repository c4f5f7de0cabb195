-- Nothing may stand in the way of erasing a person.
SELECT k.conname
FROM pg_constraint AS k
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid = 'users'::regclass AND k.confdeltype IN ('a', 'r')
