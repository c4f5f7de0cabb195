-- One row per day and model of a provider's month and a measure: our ledger, what was reported, and the parts of the
-- difference; what nothing explains first, then the greatest differences.
SELECT
    usage_date,
    model,
    ledger,
    reported,
    residual,
    time_boundary,
    unmatched,
    unknown_cost,
    price,
    unexplained,
    ledger_events,
    reported_requests,
    explanation,
    is_explained
FROM marts.reconciliation_daily
WHERE
    provider = %(provider)s
    AND measure = %(measure)s
    AND usage_date >= %(month)s
    AND usage_date < %(month)s::date + interval '1 month'
ORDER BY is_explained, abs(residual) DESC, usage_date, model
