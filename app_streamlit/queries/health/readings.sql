-- One row per reading of a kind.
SELECT
    measured_at,
    local_date,
    value,
    value_secondary,
    unit
FROM marts.measurement_readings
WHERE type = %(type)s
ORDER BY measured_at
