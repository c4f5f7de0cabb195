-- Take back the transactions, budgets and accounts of a batch. An account stays while other batches' rows hang on it.

WITH removed AS (
    DELETE FROM transactions AS t
    USING current_load AS l
    WHERE t.user_id = l.owner_id AND t.batch_id = l.batch_id
    RETURNING 1
)

INSERT INTO tally (outcome, records)
SELECT
    'removed' AS outcome,
    count(*) AS records
FROM removed;

WITH removed AS (
    DELETE FROM budgets AS b
    USING current_load AS l
    WHERE b.user_id = l.owner_id AND b.batch_id = l.batch_id
    RETURNING 1
)

INSERT INTO tally (outcome, records)
SELECT
    'removed' AS outcome,
    count(*) AS records
FROM removed;

WITH removed AS (
    DELETE FROM financial_accounts AS a
    USING current_load AS l
    WHERE
        a.user_id = l.owner_id
        AND a.batch_id = l.batch_id
        AND NOT EXISTS (
            SELECT FROM transactions AS t
            WHERE t.user_id = a.user_id AND a.id IN (t.account_id, t.from_account_id, t.to_account_id)
        )
    RETURNING 1
)

INSERT INTO tally (outcome, records)
SELECT
    'removed' AS outcome,
    count(*) AS records
FROM removed;
