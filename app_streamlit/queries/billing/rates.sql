-- One row per day of `days`, in their order: pesos to the dollar, the day that rate was published for, and by whom; NULL where
-- there is none.
SELECT
    days.day AS usage_date,
    found.rate,
    found.rate_date,
    found.source
FROM unnest(%(days)s::date[]) WITH ORDINALITY AS days (day, place)
LEFT JOIN LATERAL fx_rate('USD', 'MXN', days.day) AS found ON TRUE
ORDER BY days.place
