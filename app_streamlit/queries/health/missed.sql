-- One row per medicine and day with a missed dose, the latest first.
SELECT
    local_date,
    medication,
    scheduled,
    taken,
    missed
FROM marts.adherence_daily
WHERE missed > 0 AND local_date BETWEEN %(first)s AND %(last)s
ORDER BY local_date DESC, medication
