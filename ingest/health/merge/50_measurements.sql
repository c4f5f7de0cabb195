-- Readings. What is there already under the same id is replaced where it differs; the last one counts.

CREATE TEMP TABLE measurement_outcomes ON COMMIT DROP AS
WITH versions AS (
    SELECT
        s.record,
        h.id AS measurement_id,
        lag(s.record) OVER by_id AS record_before,
        lead(s.record) OVER by_id IS NULL AS is_last,
        row(s.type, s.value, s.measured_at, s.notes) AS version,
        coalesce(
            lag(row(s.type, s.value, s.measured_at, s.notes)) OVER by_id,
            row(h.type, h.value, h.measured_at, h.notes)
        ) AS version_before
    FROM staged_measurement AS s
    CROSS JOIN current_load AS l
    LEFT JOIN health_measurements AS h ON l.owner_id = h.user_id AND s.external_id = h.external_id
    WINDOW by_id AS (PARTITION BY s.external_id ORDER BY s.record)
)

SELECT
    v.record,
    v.is_last,
    CASE
        WHEN v.measurement_id IS NULL AND v.record_before IS NULL THEN 'loaded'
        WHEN v.version IS DISTINCT FROM v.version_before THEN 'updated'
        ELSE 'duplicate'
    END AS outcome
FROM versions AS v;

INSERT INTO tally (outcome, records)
SELECT
    o.outcome,
    count(*) AS records
FROM measurement_outcomes AS o
GROUP BY o.outcome;

INSERT INTO health_measurements AS h (
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
WHERE o.is_last
ORDER BY s.measured_at, s.record
ON CONFLICT (user_id, external_id) DO UPDATE
SET
    type = excluded.type,
    value = excluded.value,
    measured_at = excluded.measured_at,
    notes = excluded.notes,
    local_date = excluded.local_date
WHERE
    (h.type, h.value, h.measured_at, h.notes)
    IS DISTINCT FROM (excluded.type, excluded.value, excluded.measured_at, excluded.notes);
