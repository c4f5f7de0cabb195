-- Tokens and sealed values are read by those who use them: their owner's pages, and the batch that writes them. The
-- hashes of files and of the audit log are for everybody who compares them.
SELECT a.attrelid::regclass::text || '.' || a.attname || ' ' || r.rolname
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid
CROSS JOIN pg_roles AS r
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
  AND a.attnum > 0 AND NOT a.attisdropped AND a.attname !~ '^(hash|previous_hash|origin|seal|content_sha256)$'
  AND r.rolname IN ('cauce_admin', 'cauce_analyst', 'cauce_transform', 'cauce_signin')
  AND (a.atttypid = 'bytea'::regtype OR a.attname ~ '(^|_)(token|secret|password|credentials?|sealed|wrapped)(_hash)?$')
  AND has_column_privilege(r.oid, a.attrelid, a.attnum, 'SELECT')
