-- A key to a table whose own key starts with the person carries the person: one's row cannot point at another's.
SELECT k.conname
FROM pg_constraint AS k
JOIN pg_class AS c ON c.oid = k.conrelid
JOIN pg_attribute AS mine ON mine.attrelid = k.conrelid AND mine.attname = 'user_id'
JOIN pg_attribute AS theirs ON theirs.attrelid = k.confrelid AND theirs.attname = 'user_id'
JOIN pg_constraint AS pk ON pk.conrelid = k.confrelid AND pk.contype = 'p' AND theirs.attnum = ANY (pk.conkey)
WHERE k.contype = 'f' AND k.conparentid = 0 AND c.relnamespace = 'public'::regnamespace
  AND NOT EXISTS (
    SELECT FROM unnest(k.conkey, k.confkey) AS pair (mine, theirs)
    WHERE pair.mine = mine.attnum AND pair.theirs = theirs.attnum
  )
