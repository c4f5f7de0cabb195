-- One row at most: what the marts are, and how the last attempt to renew them ended.
SELECT
    as_of,
    published_at,
    checks_passed,
    failing_since,
    failures
FROM public.publication_status
