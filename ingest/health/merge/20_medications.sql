-- Medicines. A record is a prescription, in force from a day on: a medicine shows its newest prescription and started
-- with its oldest, whatever order files come in. Of several for one day in one file the last counts, and the others are
-- duplicates. A medicine that the person has deleted stays as it was.

CREATE TEMP TABLE prescriptions ON COMMIT DROP AS
WITH known AS (
    SELECT
        m.external_id,
        m.id AS medication_id,
        m.start_date AS known_start,
        greatest(m.prescribed_date, max(c.start_date)) AS known_newest
    FROM medications AS m
    INNER JOIN current_load AS l ON m.user_id = l.owner_id
    LEFT JOIN medication_schedules AS c ON m.user_id = c.user_id AND m.id = c.medication_id
    WHERE m.external_id IN (SELECT s.external_id FROM staged_medication AS s)
    GROUP BY m.user_id, m.id
),

dated AS (
    SELECT
        s.*,
        coalesce(s.start_date, s.prescribed_date) AS since,
        coalesce(s.as_needed, false) OR s.times_per_day IS NOT NULL OR s.days_of_week IS NOT NULL AS has_rhythm
    FROM staged_medication AS s
)

SELECT
    d.*,
    k.medication_id,
    k.known_start,
    min(d.since) OVER (PARTITION BY d.external_id) AS first_since,
    row_number() OVER (PARTITION BY d.external_id, d.since ORDER BY d.record DESC) > 1 AS is_superseded,
    row_number() OVER (PARTITION BY d.external_id ORDER BY d.since DESC NULLS LAST, d.record DESC) = 1
    AND coalesce(d.since, '-infinity') >= coalesce(k.known_newest, '-infinity') AS is_newest
FROM dated AS d
LEFT JOIN known AS k ON d.external_id = k.external_id;

INSERT INTO tally (outcome, records)
SELECT
    CASE
        WHEN p.is_superseded OR m.deleted_at IS NOT NULL THEN 'duplicate'
        WHEN p.medication_id IS NULL AND p.is_newest THEN 'loaded'
        WHEN p.since < p.known_start OR (p.medication_id IS NULL AND p.since = p.first_since) THEN 'updated'
        WHEN
            p.is_newest
            AND (
                p.name, p.generic_name, p.dosage, p.frequency, p.route,
                p.prescribed_by, p.prescribed_date, p.end_date, p.notes
            ) IS DISTINCT FROM (
                m.name, m.generic_name, m.dosage, m.frequency, m.route,
                m.prescribed_by, m.prescribed_date, m.end_date, m.notes
            )
            THEN 'updated'
        WHEN
            p.has_rhythm
            AND (coalesce(p.as_needed, false), p.times_per_day, p.days_of_week, p.end_date)
            IS DISTINCT FROM (c.as_needed, c.times_per_day, c.days_of_week, c.end_date)
            THEN 'updated'
        ELSE 'duplicate'
    END AS outcome,
    count(*) AS records
FROM prescriptions AS p
CROSS JOIN current_load AS l
LEFT JOIN medications AS m ON l.owner_id = m.user_id AND p.medication_id = m.id
LEFT JOIN medication_schedules AS c
    ON m.user_id = c.user_id AND m.id = c.medication_id AND coalesce(p.since, m.start_date) = c.start_date
GROUP BY 1;

INSERT INTO medications AS m (
    user_id, health_profile_id, external_id, name, generic_name, dosage, frequency, route, prescribed_by,
    prescribed_date, start_date, end_date, notes, batch_id
)
SELECT
    l.owner_id,
    h.id,
    p.external_id,
    p.name,
    p.generic_name,
    p.dosage,
    p.frequency,
    p.route,
    p.prescribed_by,
    p.prescribed_date,
    coalesce(p.first_since, p.known_start, least(p.end_date, current_date)) AS start_date,
    p.end_date,
    p.notes,
    l.batch_id
FROM prescriptions AS p
CROSS JOIN current_load AS l
INNER JOIN health_profiles AS h ON l.owner_id = h.user_id
WHERE p.is_newest
ORDER BY p.record
ON CONFLICT (user_id, external_id) DO UPDATE
SET
    name = excluded.name,
    generic_name = excluded.generic_name,
    dosage = excluded.dosage,
    frequency = excluded.frequency,
    route = excluded.route,
    prescribed_by = excluded.prescribed_by,
    prescribed_date = excluded.prescribed_date,
    start_date = least(m.start_date, excluded.start_date),
    end_date = excluded.end_date,
    notes = excluded.notes
WHERE
    m.deleted_at IS NULL
    AND (
        excluded.start_date < m.start_date
        OR (
            m.name, m.generic_name, m.dosage, m.frequency, m.route, m.prescribed_by, m.prescribed_date, m.end_date, m.notes
        )
        IS DISTINCT FROM (
            excluded.name, excluded.generic_name, excluded.dosage, excluded.frequency, excluded.route,
            excluded.prescribed_by, excluded.prescribed_date, excluded.end_date, excluded.notes
        )
    );

-- Older prescriptions of a known medicine only move its start.
UPDATE medications AS m
SET start_date = p.first_since
FROM prescriptions AS p, current_load AS l
WHERE
    m.user_id = l.owner_id AND m.external_id = p.external_id AND p.first_since < m.start_date AND m.deleted_at IS NULL;

-- Medicines that only doses tell of start with the first dose known.
INSERT INTO medications AS m (
    user_id, health_profile_id, external_id, name, dosage, frequency, route, start_date, batch_id
)
SELECT DISTINCT ON (s.medication_external_id)
    l.owner_id,
    h.id,
    s.medication_external_id,
    s.medication_name,
    s.medication_dosage,
    s.medication_frequency,
    s.medication_route,
    (s.scheduled_time AT TIME ZONE z.timezone)::date AS start_date,
    l.batch_id
FROM staged_medication_log AS s
CROSS JOIN current_load AS l
INNER JOIN health_profiles AS h ON l.owner_id = h.user_id
INNER JOIN owner_zones AS z ON s.scheduled_time >= z.valid_from AND s.scheduled_time < z.valid_to
WHERE s.medication_name IS NOT NULL
ORDER BY s.medication_external_id, s.scheduled_time, s.record
ON CONFLICT (user_id, external_id) DO UPDATE
SET start_date = excluded.start_date
WHERE excluded.start_date < m.start_date AND m.deleted_at IS NULL;
