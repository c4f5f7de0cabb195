-- Deleting or changing the row a key points at scans the whole table that has no index on the key's
-- columns; of three the person and one more are enough. Currencies are a list from which nothing goes.
SELECT k.conname
FROM pg_constraint AS k
JOIN pg_class AS c ON c.oid = k.conrelid
WHERE k.contype = 'f' AND c.relnamespace = 'public'::regnamespace AND k.conparentid = 0
  AND k.confrelid IS DISTINCT FROM to_regclass('currencies')
  AND NOT EXISTS (
    SELECT FROM pg_index AS x
    WHERE x.indrelid = k.conrelid AND x.indisvalid
      AND x.indnkeyatts >= least(cardinality(k.conkey), 2)
      AND (x.indkey::int2[])[0:least(cardinality(k.conkey), 2) - 1] <@ k.conkey
  )
