-- No role of ours can step around row security or become another.
SELECT r.rolname
FROM pg_roles AS r
WHERE starts_with(r.rolname, 'cauce_')
  AND (
    r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
    OR EXISTS (SELECT FROM pg_auth_members AS m WHERE m.member = r.oid)
  )
