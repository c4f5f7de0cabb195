-- What an extension brings lies beside our own tables, open to everybody.
SELECT e.extname
FROM pg_extension AS e
WHERE e.extnamespace = 'public'::regnamespace
