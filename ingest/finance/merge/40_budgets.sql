-- Budgets. One for a category, period and start; a row replaces what differs. Of several in one file the last counts,
-- and the others are duplicates. One that the person has deleted stays deleted.

CREATE TEMP TABLE budget_outcomes ON COMMIT DROP AS
WITH numbered AS (
    SELECT
        s.*,
        row_number() OVER (PARTITION BY s.category, s.period, s.start_date ORDER BY s.record DESC) AS from_the_last
    FROM staged_budget AS s
)

SELECT
    n.record,
    CASE
        WHEN n.from_the_last > 1 OR b.deleted_at IS NOT NULL THEN 'duplicate'
        WHEN b.id IS NULL THEN 'loaded'
        WHEN
            (n.name, n.amount, n.currency, n.end_date, coalesce(n.alert_threshold, 80))
            IS DISTINCT FROM (b.name, b.amount, b.currency, b.end_date, b.alert_threshold)
            THEN 'updated'
        ELSE 'duplicate'
    END AS outcome
FROM numbered AS n
CROSS JOIN current_load AS l
LEFT JOIN budgets AS b
    ON l.owner_id = b.user_id AND n.category = b.category AND n.period = b.period AND n.start_date = b.start_date;

INSERT INTO tally (outcome, records)
SELECT
    o.outcome,
    count(*) AS records
FROM budget_outcomes AS o
GROUP BY o.outcome;

INSERT INTO budgets (
    user_id, financial_profile_id, name, category, amount, currency, period, start_date, end_date, alert_threshold,
    batch_id
)
SELECT
    l.owner_id,
    p.id,
    s.name,
    s.category,
    s.amount,
    s.currency,
    s.period,
    s.start_date,
    s.end_date,
    coalesce(s.alert_threshold, 80) AS alert_threshold,
    l.batch_id
FROM budget_outcomes AS o
INNER JOIN staged_budget AS s ON o.record = s.record
CROSS JOIN current_load AS l
INNER JOIN financial_profiles AS p ON l.owner_id = p.user_id
WHERE o.outcome IN ('loaded', 'updated')
ORDER BY s.record
ON CONFLICT (user_id, category, period, start_date) DO UPDATE
SET
    name = excluded.name,
    amount = excluded.amount,
    currency = excluded.currency,
    end_date = excluded.end_date,
    alert_threshold = excluded.alert_threshold;
