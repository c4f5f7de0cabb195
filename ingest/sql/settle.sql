-- Keep each refused record once, and close the rows of earlier loads of this file that are refused no more.

-- One settler at a time, so that two loads cannot both keep the same record.
SELECT pg_advisory_xact_lock(hashtextextended('quarantine', 0))
WHERE EXISTS (SELECT FROM staged_quarantine);

-- Equal texts in one file are different records: from the second on, their hash carries the occurrence number.
WITH numbered AS (
    SELECT
        q.*,
        row_number() OVER (PARTITION BY q.rule, q.user_id, q.raw_hash ORDER BY q.record) AS occurrence
    FROM staged_quarantine AS q
),

hashed AS (
    SELECT
        n.id,
        n.record,
        n.line,
        n.column_name,
        n.rule,
        n.reason,
        n.user_id,
        n.raw_sealed,
        CASE n.occurrence WHEN 1 THEN n.raw_hash ELSE sha256(n.raw_hash || int8send(n.occurrence)) END AS raw_hash
    FROM numbered AS n
),

kept AS (
    INSERT INTO quarantined_rows (
        id, batch_id, user_id, domain, record, line, column_name, rule, reason, raw_sealed, raw_hash
    )
    SELECT
        h.id,
        l.batch_id,
        h.user_id,
        l.domain,
        h.record,
        h.line,
        h.column_name,
        h.rule,
        h.reason,
        h.raw_sealed,
        h.raw_hash
    FROM hashed AS h
    CROSS JOIN current_load AS l
    WHERE NOT EXISTS (
        SELECT FROM quarantined_rows AS q
        WHERE
            q.raw_hash = h.raw_hash
            AND q.rule = h.rule
            AND q.domain = l.domain
            AND q.user_id IS NOT DISTINCT FROM h.user_id
    )
    ORDER BY h.record
    RETURNING 1
)

INSERT INTO tally (outcome, records)
SELECT
    'quarantined' AS outcome,
    (SELECT count(*) FROM kept) AS records
UNION ALL
SELECT
    'duplicate' AS outcome,
    (SELECT count(*) FROM staged_quarantine) - (SELECT count(*) FROM kept) AS records;

UPDATE quarantined_rows AS q
SET
    status = 'resolved',
    resolved_at = now(),
    resolved_by = l.batch_id
FROM current_load AS l, ingest_batches AS b
WHERE
    q.status = 'open'
    AND b.id = q.batch_id
    AND b.id <> l.batch_id
    AND b.content_sha256 = l.content_sha256
    AND b.format = l.format
    AND b.format_version = l.format_version
    AND (q.user_id IS NULL OR l.owner_id IS NULL OR q.user_id = l.owner_id)
    AND NOT EXISTS (
        SELECT FROM staged_quarantine AS s
        WHERE s.record = q.record AND s.rule = q.rule
    );
