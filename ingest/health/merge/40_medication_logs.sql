-- Doses: one for each medicine and time it was due. What is there already is replaced where it differs.

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
WITH versions AS (
    SELECT
        s.record,
        m.id AS medication_id,
        g.id AS log_id,
        lag(s.record) OVER by_dose AS record_before,
        lead(s.record) OVER by_dose IS NULL AS is_last,
        row(s.taken_time, s.status, s.as_needed, s.notes) AS version,
        coalesce(
            lag(row(s.taken_time, s.status, s.as_needed, s.notes)) OVER by_dose,
            row(g.taken_time, g.status, g.as_needed, g.notes)
        ) AS version_before
    FROM staged_medication_log AS s
    CROSS JOIN current_load AS l
    INNER JOIN medications AS m ON l.owner_id = m.user_id AND s.medication_external_id = m.external_id
    LEFT JOIN medication_logs AS g
        ON m.user_id = g.user_id AND m.id = g.medication_id AND s.scheduled_time = g.scheduled_time
    WINDOW by_dose AS (PARTITION BY s.medication_external_id, s.scheduled_time ORDER BY s.record)
)

SELECT
    v.record,
    v.medication_id,
    v.is_last,
    CASE
        WHEN v.log_id IS NULL AND v.record_before IS NULL THEN 'loaded'
        WHEN v.version IS DISTINCT FROM v.version_before THEN 'updated'
        ELSE 'duplicate'
    END AS outcome
FROM versions AS v;

INSERT INTO tally (outcome, records)
SELECT
    o.outcome,
    count(*) AS records
FROM dose_outcomes AS o
GROUP BY o.outcome;

INSERT INTO medication_logs AS g (
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
WHERE o.is_last
ORDER BY s.scheduled_time, s.record
ON CONFLICT (user_id, medication_id, scheduled_time) DO UPDATE
SET
    taken_time = excluded.taken_time,
    status = excluded.status,
    as_needed = excluded.as_needed,
    notes = excluded.notes
WHERE
    (g.taken_time, g.status, g.as_needed, g.notes)
    IS DISTINCT FROM (excluded.taken_time, excluded.status, excluded.as_needed, excluded.notes);
