-- How often a medicine is due, where its record says so. A changed rhythm from a later day on ends the one before it.

CREATE TEMP TABLE new_schedules ON COMMIT DROP AS
SELECT
    m.user_id,
    m.id AS medication_id,
    coalesce(s.as_needed, false) AS as_needed,
    s.times_per_day,
    s.days_of_week,
    m.start_date,
    m.end_date
FROM medication_outcomes AS o
INNER JOIN staged_medication AS s ON o.record = s.record
CROSS JOIN current_load AS l
INNER JOIN medications AS m ON l.owner_id = m.user_id AND s.external_id = m.external_id
WHERE
    o.is_last
    AND (s.as_needed IS TRUE OR s.times_per_day IS NOT NULL OR s.days_of_week IS NOT NULL);

UPDATE medication_schedules AS c
SET end_date = n.start_date - 1
FROM new_schedules AS n
WHERE
    c.user_id = n.user_id
    AND c.medication_id = n.medication_id
    AND c.start_date < n.start_date
    AND coalesce(c.end_date, 'infinity') >= n.start_date;

INSERT INTO medication_schedules AS c (
    user_id, medication_id, as_needed, times_per_day, days_of_week, start_date, end_date, batch_id
)
SELECT
    n.user_id,
    n.medication_id,
    n.as_needed,
    n.times_per_day,
    n.days_of_week,
    n.start_date,
    n.end_date,
    l.batch_id
FROM new_schedules AS n
CROSS JOIN current_load AS l
ORDER BY n.medication_id
ON CONFLICT (user_id, medication_id, start_date) DO UPDATE
SET
    as_needed = excluded.as_needed,
    times_per_day = excluded.times_per_day,
    days_of_week = excluded.days_of_week,
    end_date = excluded.end_date
WHERE
    (c.as_needed, c.times_per_day, c.days_of_week, c.end_date)
    IS DISTINCT FROM (excluded.as_needed, excluded.times_per_day, excluded.days_of_week, excluded.end_date);
