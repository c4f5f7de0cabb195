-- Readings: one for each id; a record replaces what differs. Of several in one file the last counts, and the others are
-- duplicates. One that the person has deleted stays deleted.

CREATE TEMP TABLE measurement_outcomes ON COMMIT DROP AS
WITH numbered AS (
    SELECT
        s.*,
        row_number() OVER (PARTITION BY s.external_id ORDER BY s.record DESC) AS from_the_last
    FROM staged_measurement AS s
)

SELECT
    n.record,
    CASE
        WHEN n.from_the_last > 1 OR h.deleted_at IS NOT NULL THEN 'duplicate'
        WHEN h.id IS NULL THEN 'loaded'
        WHEN
            (n.type, n.value, n.measured_at, n.notes)
            IS DISTINCT FROM (h.type, h.value, h.measured_at, h.notes)
            THEN 'updated'
        ELSE 'duplicate'
    END AS outcome
FROM numbered AS n
CROSS JOIN current_load AS l
LEFT JOIN health_measurements AS h ON l.owner_id = h.user_id AND n.external_id = h.external_id;

INSERT INTO tally (outcome, records)
SELECT
    o.outcome,
    count(*) AS records
FROM measurement_outcomes AS o
GROUP BY o.outcome;

INSERT INTO health_measurements (
    user_id, health_profile_id, type, value, measured_at, notes, local_date, external_id, batch_id
)
SELECT
    l.owner_id,
    p.id,
    s.type,
    s.value,
    s.measured_at,
    s.notes,
    (s.measured_at AT TIME ZONE z.timezone)::date AS local_date,
    s.external_id,
    l.batch_id
FROM measurement_outcomes AS o
INNER JOIN staged_measurement AS s ON o.record = s.record
INNER JOIN owner_zones AS z ON s.measured_at >= z.valid_from AND s.measured_at < z.valid_to
CROSS JOIN current_load AS l
INNER JOIN health_profiles AS p ON l.owner_id = p.user_id
WHERE o.outcome IN ('loaded', 'updated')
ORDER BY s.measured_at, s.record
ON CONFLICT (user_id, external_id) DO UPDATE
SET
    type = excluded.type,
    value = excluded.value,
    measured_at = excluded.measured_at,
    notes = excluded.notes,
    local_date = excluded.local_date;
