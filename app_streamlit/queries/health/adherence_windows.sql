-- One row: all medicines together, on the last day, in the last 7 and the last 30 days.
WITH windows AS (
    SELECT
        coalesce(sum(scheduled) FILTER (WHERE local_date = %(last)s), 0) AS scheduled_1,
        coalesce(sum(taken) FILTER (WHERE local_date = %(last)s), 0) AS taken_1,
        coalesce(sum(scheduled) FILTER (WHERE local_date > %(last)s::date - 7), 0) AS scheduled_7,
        coalesce(sum(taken) FILTER (WHERE local_date > %(last)s::date - 7), 0) AS taken_7,
        coalesce(sum(scheduled), 0) AS scheduled_30,
        coalesce(sum(taken), 0) AS taken_30,
        coalesce(sum(missed), 0) AS missed_30
    FROM marts.adherence_daily
    WHERE local_date > %(last)s::date - 30 AND local_date <= %(last)s
)

SELECT
    *,
    taken_1::numeric / nullif(scheduled_1, 0) AS ratio_1,
    taken_7::numeric / nullif(scheduled_7, 0) AS ratio_7,
    taken_30::numeric / nullif(scheduled_30, 0) AS ratio_30
FROM windows
