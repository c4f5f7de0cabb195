-- Two indexes over the same are written twice and read once.
SELECT min(i.indexrelid::regclass::text) || ' = ' || max(i.indexrelid::regclass::text)
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
GROUP BY i.indrelid, i.indkey::text, i.indclass::text, i.indoption::text, pg_get_expr(i.indexprs, i.indrelid),
  pg_get_expr(i.indpred, i.indrelid)
HAVING count(*) > 1
