-- Take back the events that reversals name, once each. The events of this load are there already, so that a file may say
-- both in any order. The key of an event stays: it does not come again.

CREATE TEMP TABLE reversals ON COMMIT DROP AS
SELECT
    s.record,
    s.line,
    k.user_id,
    k.usage_id,
    k.timestamp,
    row_number() OVER (PARTITION BY s.event_key ORDER BY s.record) AS occurrence
FROM staged_reversal AS s
CROSS JOIN current_load AS l
LEFT JOIN users AS u ON lower(u.email) = lower(btrim(s.user_email))
-- Without a name it is of the file's owner, if that has one; of what is another's nobody learns that it is there.
LEFT JOIN usage_event_keys AS k
    ON
        s.event_key = k.event_key
        AND (s.user_email IS NULL OR k.user_id = u.id)
        AND (l.owner_id IS NULL OR k.user_id = l.owner_id OR (s.user_email IS NOT NULL AND NOT l.only_owner));

INSERT INTO refused (record, line, column_name, rule, reason, user_id)
SELECT
    r.record,
    r.line,
    'reverses' AS column_name,
    'unknown_event' AS rule,
    'reverses an event that is not there, or not theirs: load that first, then this again' AS reason,
    l.owner_id AS user_id
FROM reversals AS r
CROSS JOIN current_load AS l
WHERE r.usage_id IS NULL;

DELETE FROM reversals WHERE usage_id IS NULL;

WITH taken AS (
    DELETE FROM usage_logs AS u
    USING reversals AS r
    WHERE
        r.occurrence = 1
        AND u.user_id = r.user_id
        AND u.id = r.usage_id
        AND u.timestamp = r.timestamp
    RETURNING
        u.user_id, u.id, u.timestamp, u.local_date, u.agent_id, u.source, u.event_id, u.batch_id, to_jsonb(u) AS call
),

kept AS (
    INSERT INTO usage_reversals (
        user_id, id, timestamp, local_date, agent_id, source, event_id, call, batch_id, reversal_batch_id
    )
    SELECT
        t.user_id,
        t.id,
        t.timestamp,
        t.local_date,
        t.agent_id,
        t.source,
        t.event_id,
        t.call,
        t.batch_id,
        l.batch_id AS reversal_batch_id
    FROM taken AS t
    CROSS JOIN current_load AS l
    ORDER BY t.user_id, t.id
    RETURNING user_id, id
),

done AS (
    DELETE FROM reversals AS r
    USING taken AS t
    WHERE r.user_id = t.user_id AND r.usage_id = t.id AND r.occurrence = 1
    RETURNING 1
)

INSERT INTO tally (outcome, records)
SELECT
    'loaded' AS outcome,
    count(*) AS records
FROM kept;

-- What is left was taken back before, or is not in the table any more: it was archived.
WITH repeated AS (
    DELETE FROM reversals AS r
    USING usage_reversals AS before
    WHERE before.user_id = r.user_id AND before.id = r.usage_id
    RETURNING 1
)

INSERT INTO tally (outcome, records)
SELECT
    'duplicate' AS outcome,
    count(*) AS records
FROM repeated;

INSERT INTO refused (record, line, column_name, rule, reason, user_id)
SELECT
    r.record,
    r.line,
    'reverses' AS column_name,
    'archived_event' AS rule,
    'reverses an event that was archived, and archived months do not change: credit it on an invoice' AS reason,
    r.user_id
FROM reversals AS r;
