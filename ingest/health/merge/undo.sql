-- Take back the doses, readings and medicines of a batch. A medicine stays while other batches' doses hang on it.

WITH removed AS (
    DELETE FROM medication_logs AS g
    USING current_load AS l
    WHERE g.user_id = l.owner_id AND g.batch_id = l.batch_id
    RETURNING 1
)

INSERT INTO tally (outcome, records)
SELECT
    'removed' AS outcome,
    count(*) AS records
FROM removed;

WITH removed AS (
    DELETE FROM health_measurements AS h
    USING current_load AS l
    WHERE h.user_id = l.owner_id AND h.batch_id = l.batch_id
    RETURNING 1
)

INSERT INTO tally (outcome, records)
SELECT
    'removed' AS outcome,
    count(*) AS records
FROM removed;

DELETE FROM medication_schedules AS c
USING current_load AS l
WHERE c.user_id = l.owner_id AND c.batch_id = l.batch_id;

WITH removed AS (
    DELETE FROM medications AS m
    USING current_load AS l
    WHERE
        m.user_id = l.owner_id
        AND m.batch_id = l.batch_id
        AND NOT EXISTS (
            SELECT FROM medication_logs AS g
            WHERE g.user_id = m.user_id AND g.medication_id = m.id
        )
        AND NOT EXISTS (
            SELECT FROM medication_schedules AS c
            WHERE c.user_id = m.user_id AND c.medication_id = m.id
        )
    RETURNING 1
)

INSERT INTO tally (outcome, records)
SELECT
    'removed' AS outcome,
    count(*) AS records
FROM removed;
