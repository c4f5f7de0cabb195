-- Doses: one for each medicine and time it was due; a record replaces what differs. Of several in one file the last
-- counts, and the others are duplicates.

INSERT INTO refused (record, line, column_name, rule, reason, user_id)
SELECT
    s.record,
    s.line,
    'medication' AS column_name,
    'unknown_medication' AS rule,
    'is a dose of a medicine that is not known yet: load the file that holds it' AS reason,
    l.owner_id
FROM staged_medication_log AS s
CROSS JOIN current_load AS l
WHERE
    NOT EXISTS (
        SELECT FROM medications AS m
        WHERE m.user_id = l.owner_id AND m.external_id = s.medication_external_id
    );

CREATE TEMP TABLE dose_outcomes ON COMMIT DROP AS
WITH numbered AS (
    SELECT
        s.*,
        row_number() OVER by_dose AS from_the_last
    FROM staged_medication_log AS s
    WINDOW by_dose AS (PARTITION BY s.medication_external_id, s.scheduled_time ORDER BY s.record DESC)
)

SELECT
    n.record,
    m.id AS medication_id,
    CASE
        WHEN n.from_the_last > 1 THEN 'duplicate'
        WHEN g.id IS NULL THEN 'loaded'
        WHEN
            (n.taken_time, n.status, n.as_needed, n.notes)
            IS DISTINCT FROM (g.taken_time, g.status, g.as_needed, g.notes)
            THEN 'updated'
        ELSE 'duplicate'
    END AS outcome
FROM numbered AS n
CROSS JOIN current_load AS l
INNER JOIN medications AS m ON l.owner_id = m.user_id AND n.medication_external_id = m.external_id
LEFT JOIN medication_logs AS g
    ON m.user_id = g.user_id AND m.id = g.medication_id AND n.scheduled_time = g.scheduled_time;

INSERT INTO tally (outcome, records)
SELECT
    o.outcome,
    count(*) AS records
FROM dose_outcomes AS o
GROUP BY o.outcome;

INSERT INTO medication_logs (
    user_id, medication_id, scheduled_time, taken_time, status, as_needed, notes, local_date, batch_id
)
SELECT
    l.owner_id,
    o.medication_id,
    s.scheduled_time,
    s.taken_time,
    s.status,
    s.as_needed,
    s.notes,
    (s.scheduled_time AT TIME ZONE z.timezone)::date AS local_date,
    l.batch_id
FROM dose_outcomes AS o
INNER JOIN staged_medication_log AS s ON o.record = s.record
INNER JOIN owner_zones AS z ON s.scheduled_time >= z.valid_from AND s.scheduled_time < z.valid_to
CROSS JOIN current_load AS l
WHERE o.outcome IN ('loaded', 'updated')
ORDER BY s.scheduled_time, s.record
ON CONFLICT (user_id, medication_id, scheduled_time) DO UPDATE
SET
    taken_time = excluded.taken_time,
    status = excluded.status,
    as_needed = excluded.as_needed,
    notes = excluded.notes;
