-- Medicines. What is there already is replaced where it differs; of several records of one medicine the last one counts.

CREATE TEMP TABLE medication_outcomes ON COMMIT DROP AS
WITH versions AS (
    SELECT
        s.record,
        s.external_id,
        m.id AS medication_id,
        lag(s.record) OVER by_id AS record_before,
        lead(s.record) OVER by_id AS record_after
    FROM staged_medication AS s
    CROSS JOIN current_load AS l
    LEFT JOIN medications AS m ON l.owner_id = m.user_id AND s.external_id = m.external_id
    WINDOW by_id AS (PARTITION BY s.external_id ORDER BY s.record)
)

SELECT
    v.record,
    v.record_after IS NULL AS is_last,
    CASE
        WHEN v.medication_id IS NULL AND v.record_before IS NULL THEN 'loaded'
        WHEN
            v.record_before IS NOT NULL
            AND to_jsonb(s) - ARRAY['record', 'line'] IS DISTINCT FROM to_jsonb(b) - ARRAY['record', 'line']
            THEN 'updated'
        WHEN
            v.record_before IS NULL
            AND (
                (
                    s.name, s.generic_name, s.dosage, s.frequency, s.route, s.prescribed_by, s.prescribed_date,
                    coalesce(s.start_date, m.start_date), s.end_date, s.notes
                ) IS DISTINCT FROM (
                    m.name, m.generic_name, m.dosage, m.frequency, m.route, m.prescribed_by, m.prescribed_date,
                    m.start_date, m.end_date, m.notes
                )
                OR (
                    (s.as_needed IS TRUE OR s.times_per_day IS NOT NULL OR s.days_of_week IS NOT NULL)
                    AND (coalesce(s.as_needed, false), s.times_per_day, s.days_of_week)
                    IS DISTINCT FROM (c.as_needed, c.times_per_day, c.days_of_week)
                )
            )
            THEN 'updated'
        ELSE 'duplicate'
    END AS outcome
FROM versions AS v
INNER JOIN staged_medication AS s ON v.record = s.record
CROSS JOIN current_load AS l
LEFT JOIN staged_medication AS b ON v.record_before = b.record
LEFT JOIN medications AS m ON l.owner_id = m.user_id AND v.medication_id = m.id
LEFT JOIN LATERAL (
    SELECT d.*
    FROM medication_schedules AS d
    WHERE d.user_id = m.user_id AND d.medication_id = m.id
    ORDER BY d.start_date DESC
    LIMIT 1
) AS c ON true;

INSERT INTO tally (outcome, records)
SELECT
    o.outcome,
    count(*) AS records
FROM medication_outcomes AS o
GROUP BY o.outcome;

INSERT INTO medications AS m (
    user_id, health_profile_id, external_id, name, generic_name, dosage, frequency, route, prescribed_by,
    prescribed_date, start_date, end_date, notes, batch_id
)
SELECT
    l.owner_id,
    p.id,
    s.external_id,
    s.name,
    s.generic_name,
    s.dosage,
    s.frequency,
    s.route,
    s.prescribed_by,
    s.prescribed_date,
    coalesce(s.start_date, s.prescribed_date, least(s.end_date, current_date)) AS start_date,
    s.end_date,
    s.notes,
    l.batch_id
FROM medication_outcomes AS o
INNER JOIN staged_medication AS s ON o.record = s.record
CROSS JOIN current_load AS l
INNER JOIN health_profiles AS p ON l.owner_id = p.user_id
WHERE o.is_last
ORDER BY s.record
ON CONFLICT (user_id, external_id) DO UPDATE
SET
    name = excluded.name,
    generic_name = excluded.generic_name,
    dosage = excluded.dosage,
    frequency = excluded.frequency,
    route = excluded.route,
    prescribed_by = excluded.prescribed_by,
    prescribed_date = excluded.prescribed_date,
    start_date = CASE
        WHEN (SELECT s.start_date FROM staged_medication AS s WHERE s.external_id = m.external_id ORDER BY s.record DESC LIMIT 1) IS NULL
            THEN m.start_date
        ELSE excluded.start_date
    END,
    end_date = excluded.end_date,
    notes = excluded.notes
WHERE EXISTS (
    SELECT FROM medication_outcomes AS o
    INNER JOIN staged_medication AS s ON o.record = s.record
    WHERE s.external_id = m.external_id AND o.outcome = 'updated'
);

-- Medicines that only doses tell of start with the first dose known, whatever order files come in.
INSERT INTO medications AS m (
    user_id, health_profile_id, external_id, name, dosage, frequency, route, start_date, batch_id
)
SELECT DISTINCT ON (s.medication_external_id)
    l.owner_id,
    p.id,
    s.medication_external_id,
    s.medication_name,
    s.medication_dosage,
    s.medication_frequency,
    s.medication_route,
    (min(s.scheduled_time) OVER (PARTITION BY s.medication_external_id) AT TIME ZONE z.timezone)::date AS start_date,
    l.batch_id
FROM staged_medication_log AS s
CROSS JOIN current_load AS l
INNER JOIN health_profiles AS p ON l.owner_id = p.user_id
INNER JOIN owner_zones AS z ON s.scheduled_time >= z.valid_from AND s.scheduled_time < z.valid_to
WHERE s.medication_name IS NOT NULL
ORDER BY s.medication_external_id, s.scheduled_time, s.record
ON CONFLICT (user_id, external_id) DO UPDATE
SET start_date = excluded.start_date
WHERE excluded.start_date < m.start_date;
