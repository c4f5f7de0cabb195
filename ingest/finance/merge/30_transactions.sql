-- Transactions. The bank's id, or the one made from content, says which are the same.
--
-- Same id, other date, amount or currency: a conflict, because money that was reported would change behind the reports.
-- Same id and money, more known: updated. What counts as more does not depend on the order in which files come: of two
-- descriptions the longer one stays, of two of one length the later in the alphabet; a category replaces only
-- 'sin_categoria', and a time or a note only a missing one, so that what a person has filled in stays. What a person has
-- deleted is a duplicate and stays deleted.

CREATE TEMP TABLE transaction_outcomes ON COMMIT DROP AS
WITH numbered AS (
    SELECT
        s.*,
        a.id AS account_id,
        row_number() OVER by_id AS occurrence,
        first_value(s.date) OVER by_id AS first_date,
        first_value(s.amount) OVER by_id AS first_amount,
        first_value(s.currency) OVER by_id AS first_currency
    FROM staged_transaction AS s
    CROSS JOIN current_load AS l
    INNER JOIN financial_accounts AS a ON l.owner_id = a.user_id AND s.account_key = a.account_key
    WINDOW by_id AS (PARTITION BY s.account_key, s.external_id ORDER BY s.record)
)

SELECT
    n.record,
    n.account_id,
    t.id AS transaction_id,
    CASE
        WHEN t.deleted_at IS NOT NULL THEN 'duplicate'
        WHEN
            (n.date, n.amount, n.currency)
            IS DISTINCT FROM (
                coalesce(t.date, n.first_date),
                coalesce(t.amount, n.first_amount),
                coalesce(t.currency, n.first_currency)
            )
            THEN 'conflict'
        WHEN n.occurrence > 1 THEN 'duplicate'
        WHEN t.id IS NULL THEN 'loaded'
        WHEN
            (length(n.description), n.description) > (length(t.description), t.description)
            OR (t.category = 'sin_categoria' AND n.category <> 'sin_categoria')
            OR (t.posted_at IS NULL AND n.posted_at IS NOT NULL)
            OR (t.notes IS NULL AND n.notes IS NOT NULL)
            THEN 'updated'
        ELSE 'duplicate'
    END AS outcome
FROM numbered AS n
CROSS JOIN current_load AS l
LEFT JOIN transactions AS t
    ON l.owner_id = t.user_id AND n.account_id = t.account_id AND n.external_id = t.external_id;

INSERT INTO refused (record, line, column_name, rule, reason, user_id)
SELECT
    o.record,
    s.line,
    'external_id' AS column_name,
    'conflict' AS rule,
    'a transaction with this id is already loaded with another date, amount or currency' AS reason,
    l.owner_id
FROM transaction_outcomes AS o
INNER JOIN staged_transaction AS s ON o.record = s.record
CROSS JOIN current_load AS l
WHERE o.outcome = 'conflict';

INSERT INTO tally (outcome, records)
SELECT
    o.outcome,
    count(*) AS records
FROM transaction_outcomes AS o
WHERE o.outcome <> 'conflict'
GROUP BY o.outcome;

UPDATE transactions AS t
SET
    description = CASE
        WHEN (length(s.description), s.description) > (length(t.description), t.description) THEN s.description
        ELSE t.description
    END,
    category = CASE t.category WHEN 'sin_categoria' THEN coalesce(s.category, t.category) ELSE t.category END,
    posted_at = coalesce(t.posted_at, s.posted_at),
    notes = coalesce(t.notes, s.notes),
    loaded_at = now()
FROM transaction_outcomes AS o, staged_transaction AS s, current_load AS l
WHERE
    o.outcome = 'updated'
    AND s.record = o.record
    AND t.user_id = l.owner_id
    AND t.id = o.transaction_id;

INSERT INTO transactions (
    user_id, financial_profile_id, account_id, date, posted_at, description, amount, currency, fx_rate, type, category,
    external_id, notes, batch_id
)
SELECT
    l.owner_id,
    p.id,
    o.account_id,
    s.date,
    s.posted_at,
    s.description,
    s.amount,
    s.currency,
    s.fx_rate,
    s.type,
    coalesce(s.category, 'sin_categoria') AS category,
    s.external_id,
    s.notes,
    l.batch_id
FROM transaction_outcomes AS o
INNER JOIN staged_transaction AS s ON o.record = s.record
CROSS JOIN current_load AS l
INNER JOIN financial_profiles AS p ON l.owner_id = p.user_id
WHERE o.outcome = 'loaded'
ORDER BY s.date, s.record;
