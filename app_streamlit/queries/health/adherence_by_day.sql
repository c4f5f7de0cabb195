-- One row per day: all medicines together.
SELECT
    local_date,
    sum(scheduled)::bigint AS scheduled,
    sum(taken)::bigint AS taken,
    sum(late)::bigint AS late,
    sum(missed)::bigint AS missed,
    sum(taken)::numeric / nullif(sum(scheduled), 0) AS adherence_ratio
FROM marts.adherence_daily
WHERE local_date BETWEEN %(first)s AND %(last)s
GROUP BY local_date
ORDER BY local_date
