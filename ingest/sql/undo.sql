-- Close a batch that was taken back: what it resolved waits again, what it kept aside goes with it.

UPDATE quarantined_rows AS q
SET
    status = 'open',
    resolved_at = NULL,
    resolved_by = NULL
FROM current_load AS l
WHERE q.resolved_by = l.batch_id;

DELETE FROM quarantined_rows AS q
USING current_load AS l
WHERE q.batch_id = l.batch_id AND q.status = 'open';

UPDATE ingest_batches AS b
SET
    status = 'undone',
    undone_at = clock_timestamp()
FROM current_load AS l
WHERE b.id = l.batch_id;
