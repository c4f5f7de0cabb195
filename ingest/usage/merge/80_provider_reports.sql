-- Results of provider reports: new ones are added, and a provider's later word on the same thing replaces the earlier.

-- They are about everybody's calls, and so nobody's to upload.
INSERT INTO refused (record, line, column_name, rule, reason, user_id)
SELECT
    s.record,
    s.line,
    NULL AS column_name,
    'not_a_persons' AS rule,
    'is a report of a provider, and not one person''s: an admin loads it with `cauce ingest`' AS reason,
    l.owner_id AS user_id
FROM staged_report AS s
CROSS JOIN current_load AS l
WHERE l.only_owner;

DELETE FROM staged_report AS s
USING current_load AS l
WHERE l.only_owner;

-- Of several words on one thing in a file the last counts.
CREATE TEMP TABLE last_reports ON COMMIT DROP AS
SELECT DISTINCT ON (s.report_key) s.*
FROM staged_report AS s
ORDER BY s.report_key ASC, s.record DESC;

-- Sorted, so that two loads with common results wait for each other and never block each other.
WITH merged AS (
    INSERT INTO provider_reports AS r (
        report_key, provider, kind, report, starts_at, ends_at, model,
        item, grouping, dimensions, requests, tokens_input, tokens_output, tokens_cache_read, tokens_cache_write, units, amount, currency,
        batch_id
    )
    SELECT
        s.report_key,
        s.provider,
        s.kind,
        s.report,
        s.starts_at,
        s.ends_at,
        s.model,
        s.item,
        s.grouping,
        s.dimensions,
        s.requests,
        s.tokens_input,
        s.tokens_output,
        s.tokens_cache_read,
        s.tokens_cache_write,
        s.units,
        s.amount,
        s.currency,
        l.batch_id
    FROM last_reports AS s
    CROSS JOIN current_load AS l
    ORDER BY s.report_key
    ON CONFLICT (report_key) DO UPDATE SET
        requests = excluded.requests,
        tokens_input = excluded.tokens_input,
        tokens_output = excluded.tokens_output,
        tokens_cache_read = excluded.tokens_cache_read,
        tokens_cache_write = excluded.tokens_cache_write,
        units = excluded.units,
        amount = excluded.amount,
        currency = excluded.currency,
        loaded_at = now()
    WHERE
        (r.requests, r.tokens_input, r.tokens_output, r.tokens_cache_read, r.tokens_cache_write, r.units, r.amount, r.currency)
        IS DISTINCT FROM
        (excluded.requests, excluded.tokens_input, excluded.tokens_output, excluded.tokens_cache_read, excluded.tokens_cache_write, excluded.units, excluded.amount, excluded.currency)
    RETURNING r.batch_id
),

counted AS (
    SELECT
        count(*) FILTER (WHERE m.batch_id = l.batch_id) AS loaded,
        count(*) FILTER (WHERE m.batch_id <> l.batch_id) AS updated
    FROM merged AS m
    CROSS JOIN current_load AS l
)

INSERT INTO tally (outcome, records)
SELECT
    o.outcome,
    o.records
FROM counted AS c
CROSS JOIN LATERAL (
    VALUES
    ('loaded', c.loaded),
    ('updated', c.updated),
    ('duplicate', (SELECT count(*) FROM staged_report) - c.loaded - c.updated)
) AS o (outcome, records);
