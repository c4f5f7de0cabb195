-- Budgets. A row for a category, period and start that is there already replaces what differs: the last one counts.

CREATE TEMP TABLE budget_outcomes ON COMMIT DROP AS
WITH versions AS (
    SELECT
        s.record,
        row_number() OVER later_first AS from_the_last,
        b.id IS NULL AND lag(s.record) OVER by_key IS NULL AS is_new,
        row(s.name, s.amount, s.currency, s.end_date, coalesce(s.alert_threshold, 80)) AS version,
        CASE
            WHEN lag(s.record) OVER by_key IS NULL
                THEN row(b.name, b.amount, b.currency, b.end_date, b.alert_threshold::integer)
            ELSE
                lag(row(s.name, s.amount, s.currency, s.end_date, coalesce(s.alert_threshold, 80))) OVER by_key
        END AS version_before
    FROM staged_budget AS s
    CROSS JOIN current_load AS l
    LEFT JOIN budgets AS b
        ON l.owner_id = b.user_id AND s.category = b.category AND s.period = b.period AND s.start_date = b.start_date
    WINDOW
        by_key AS (PARTITION BY s.category, s.period, s.start_date ORDER BY s.record),
        later_first AS (PARTITION BY s.category, s.period, s.start_date ORDER BY s.record DESC)
)

SELECT
    v.record,
    v.from_the_last = 1 AS is_last,
    CASE
        WHEN v.is_new THEN 'loaded'
        WHEN v.version IS DISTINCT FROM v.version_before THEN 'updated'
        ELSE 'duplicate'
    END AS outcome
FROM versions AS v;

INSERT INTO tally (outcome, records)
SELECT
    o.outcome,
    count(*) AS records
FROM budget_outcomes AS o
GROUP BY o.outcome;

INSERT INTO budgets AS b (
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
WHERE o.is_last
ORDER BY s.record
ON CONFLICT (user_id, category, period, start_date) DO UPDATE
SET
    name = excluded.name,
    amount = excluded.amount,
    currency = excluded.currency,
    end_date = excluded.end_date,
    alert_threshold = excluded.alert_threshold
WHERE
    (b.name, b.amount, b.currency, b.end_date, b.alert_threshold)
    IS DISTINCT FROM (excluded.name, excluded.amount, excluded.currency, excluded.end_date, excluded.alert_threshold);
