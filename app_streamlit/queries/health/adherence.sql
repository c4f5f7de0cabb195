-- One row per medicine over some days.
SELECT
    medication,
    sum(scheduled)::bigint AS scheduled,
    sum(taken)::bigint AS taken,
    sum(late)::bigint AS late,
    sum(missed)::bigint AS missed,
    sum(as_needed_taken)::bigint AS as_needed_taken,
    sum(taken)::numeric / nullif(sum(scheduled), 0) AS adherence_ratio
FROM marts.adherence_daily
WHERE local_date BETWEEN %(first)s AND %(last)s
GROUP BY medication_id, medication
ORDER BY medication
