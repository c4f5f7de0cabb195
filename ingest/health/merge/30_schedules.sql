-- How often a medicine is due: one row for each prescription that says so, from its first day on. The next one ends it.
INSERT INTO medication_schedules AS c (
    user_id, medication_id, as_needed, times_per_day, days_of_week, start_date, end_date, batch_id
)
SELECT
    m.user_id,
    m.id AS medication_id,
    coalesce(p.as_needed, false) AS as_needed,
    p.times_per_day,
    p.days_of_week,
    coalesce(p.since, m.start_date) AS start_date,
    p.end_date,
    l.batch_id
FROM prescriptions AS p
CROSS JOIN current_load AS l
INNER JOIN medications AS m ON l.owner_id = m.user_id AND p.external_id = m.external_id
WHERE p.has_rhythm AND NOT p.is_superseded AND m.deleted_at IS NULL
ORDER BY p.record
ON CONFLICT (user_id, medication_id, start_date) DO UPDATE
SET
    as_needed = excluded.as_needed,
    times_per_day = excluded.times_per_day,
    days_of_week = excluded.days_of_week,
    end_date = excluded.end_date
WHERE
    (c.as_needed, c.times_per_day, c.days_of_week, c.end_date)
    IS DISTINCT FROM (excluded.as_needed, excluded.times_per_day, excluded.days_of_week, excluded.end_date);
