-- An index over the first columns of another one, as good as it for every query.
SELECT short.indexrelid::regclass::text || ' < ' || long.indexrelid::regclass::text
FROM pg_index AS short
JOIN pg_class AS c ON c.oid = short.indrelid
JOIN pg_class AS i ON i.oid = short.indexrelid
JOIN pg_index AS long ON long.indrelid = short.indrelid AND long.indexrelid <> short.indexrelid
JOIN pg_class AS j ON j.oid = long.indexrelid AND j.relam = i.relam
WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
  AND NOT short.indisunique AND short.indexprs IS NULL AND long.indexprs IS NULL
  AND starts_with(long.indkey::text || ' ', short.indkey::text || ' ')
  AND starts_with(long.indclass::text || ' ', short.indclass::text || ' ')
  AND (long.indpred IS NULL OR pg_get_expr(long.indpred, long.indrelid) = pg_get_expr(short.indpred, short.indrelid))
  AND (short.indpred IS NULL OR long.indpred IS NOT NULL)
