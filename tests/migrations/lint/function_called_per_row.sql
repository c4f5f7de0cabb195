-- Who asks is found out once a statement, `(SELECT current_user_id())`, and not once a row.
SELECT p.tablename || '.' || p.policyname
FROM pg_policies AS p
WHERE p.schemaname = 'public'
  AND regexp_replace(concat_ws(' ', p.qual, p.with_check), 'SELECT current_\w+\(', '', 'g')
    ~ '(current_user_id|current_tenant_id|current_setting)\('
