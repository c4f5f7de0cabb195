-- One row per kind of measurement: the latest.
SELECT
    type,
    measured_at,
    local_date,
    value,
    value_secondary,
    unit
FROM marts.measurements_latest
ORDER BY measured_at DESC, type
