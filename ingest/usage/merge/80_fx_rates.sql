-- Exchange rates. What a source published of a day stays: another rate of that day is a conflict, because amounts that were
-- shown with the first would change behind who read them.

CREATE TEMP TABLE fx_rate_outcomes ON COMMIT DROP AS
WITH numbered AS (
    SELECT
        s.*,
        row_number() OVER by_day AS occurrence,
        first_value(s.rate) OVER by_day AS first_rate
    FROM staged_fx_rate AS s
    WINDOW by_day AS (PARTITION BY s.base, s.quote, s.date, s.source ORDER BY s.record)
)

SELECT
    n.record,
    n.line,
    CASE
        WHEN b.code IS NULL OR q.code IS NULL THEN 'unknown_currency'
        WHEN n.rate <> coalesce(f.rate, n.first_rate) THEN 'conflict'
        WHEN f.rate IS NOT NULL OR n.occurrence > 1 THEN 'duplicate'
        ELSE 'loaded'
    END AS outcome
FROM numbered AS n
LEFT JOIN currencies AS b ON n.base = b.code
LEFT JOIN currencies AS q ON n.quote = q.code
LEFT JOIN fx_rates AS f ON n.base = f.base AND n.quote = f.quote AND n.date = f.date AND n.source = f.source;

INSERT INTO refused (record, line, column_name, rule, reason)
SELECT
    o.record,
    o.line,
    'rate' AS column_name,
    o.outcome AS rule,
    CASE o.outcome
        WHEN 'conflict' THEN 'another rate of this day is already loaded from this source: undo its batch first'
        ELSE 'the currency is not a code of ISO 4217'
    END AS reason
FROM fx_rate_outcomes AS o
WHERE o.outcome IN ('conflict', 'unknown_currency');

INSERT INTO tally (outcome, records)
SELECT
    o.outcome,
    count(*) AS records
FROM fx_rate_outcomes AS o
WHERE o.outcome IN ('loaded', 'duplicate')
GROUP BY o.outcome;

INSERT INTO fx_rates (base, quote, date, source, rate, batch_id)
SELECT
    s.base,
    s.quote,
    s.date,
    s.source,
    s.rate,
    l.batch_id
FROM fx_rate_outcomes AS o
INNER JOIN staged_fx_rate AS s ON o.record = s.record
CROSS JOIN current_load AS l
WHERE o.outcome = 'loaded'
ORDER BY s.base, s.quote, s.date;
