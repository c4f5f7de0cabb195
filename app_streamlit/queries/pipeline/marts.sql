-- One row per column of the published marts the role may read, with the documentation dbt wrote.
SELECT
    tables.relname AS mart,
    obj_description(tables.oid, 'pg_class') AS mart_text,
    columns.attname AS column_name,
    format_type(columns.atttypid, columns.atttypmod) AS data_type,
    col_description(tables.oid, columns.attnum) AS column_text
FROM pg_catalog.pg_class AS tables
INNER JOIN pg_catalog.pg_namespace AS schemas ON tables.relnamespace = schemas.oid
INNER JOIN pg_catalog.pg_attribute AS columns ON tables.oid = columns.attrelid
WHERE
    schemas.nspname = 'marts'
    AND tables.relkind IN ('r', 'p', 'v', 'm')
    AND columns.attnum > 0
    AND NOT columns.attisdropped
    AND has_table_privilege(tables.oid, 'SELECT')
ORDER BY tables.relname, columns.attnum
