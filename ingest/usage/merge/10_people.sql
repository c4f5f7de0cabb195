-- Whose events these are: the person with the e-mail, or the owner of the file where an event names nobody ('').

CREATE TEMP TABLE event_people ON COMMIT DROP AS
SELECT
    named.user_email,
    lower(btrim(named.user_email)) AS email,
    NULL::uuid AS user_id
FROM (SELECT DISTINCT coalesce(user_email, '') AS user_email FROM staged_usage) AS named;

INSERT INTO users (email)
SELECT DISTINCT p.email
FROM event_people AS p
CROSS JOIN current_load AS l
WHERE l.create_people AND p.email <> ALL (l.erased) AND p.email ~ '^[^@[:space:]|]+@[^@[:space:]|]+\.[^@[:space:]|.]{2,}$'
ORDER BY p.email
ON CONFLICT (lower(email)) DO NOTHING;

UPDATE event_people AS p
SET user_id = u.id
FROM users AS u
WHERE lower(u.email) = p.email;

UPDATE event_people AS p
SET user_id = l.owner_id
FROM current_load AS l
WHERE p.user_email = '';

-- Whoever was erased does not come back by a file, nor into the quarantine.
INSERT INTO tally (outcome, records)
SELECT
    'ignored' AS outcome,
    count(*) AS records
FROM event_people AS p
INNER JOIN current_load AS l ON p.email = ANY (l.erased)
INNER JOIN staged_usage AS s ON p.user_email = coalesce(s.user_email, '')
HAVING count(*) > 0;

DELETE FROM event_people AS p
USING current_load AS l
WHERE p.email = ANY (l.erased);

INSERT INTO refused (record, line, column_name, rule, reason)
SELECT
    s.record,
    s.line,
    'user' AS column_name,
    'unattributed' AS rule,
    CASE p.user_email
        WHEN '' THEN 'names no person and the file has no owner: load it with --user'
        ELSE 'names a person who is not registered: add them, or load it with --create-user'
    END AS reason
FROM event_people AS p
INNER JOIN staged_usage AS s ON p.user_email = coalesce(s.user_email, '')
WHERE p.user_id IS NULL;

-- What a person uploads can only be their own.
INSERT INTO refused (record, line, column_name, rule, reason, user_id)
SELECT
    s.record,
    s.line,
    'user' AS column_name,
    'another_person' AS rule,
    'names another person than the one who uploaded it' AS reason,
    l.owner_id AS user_id
FROM current_load AS l
INNER JOIN event_people AS p ON l.owner_id <> p.user_id
INNER JOIN staged_usage AS s ON p.user_email = coalesce(s.user_email, '')
WHERE l.only_owner;

DELETE FROM event_people AS p
USING current_load AS l
WHERE p.user_id IS NULL OR (l.only_owner AND p.user_id <> l.owner_id);

ANALYZE event_people;
