-- One row per open quarantined row of the person, the latest first.
SELECT
    batches.source_file,
    rows.line,
    rows.record,
    rows.column_name,
    rows.rule,
    rows.reason,
    rows.created_at
FROM public.quarantined_rows AS rows
INNER JOIN public.ingest_batches AS batches ON rows.batch_id = batches.id
WHERE rows.status = 'open' AND rows.domain = %(domain)s
ORDER BY rows.created_at DESC, rows.record
LIMIT %(limit)s
