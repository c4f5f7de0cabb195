-- Whose events these are: the person with the e-mail, or the owner of the file where an event names nobody.

INSERT INTO users (email)
SELECT DISTINCT lower(btrim(s.user_email)) AS email
FROM staged_usage AS s
CROSS JOIN current_load AS l
WHERE
    l.create_people
    AND btrim(s.user_email) ~ '^[^@[:space:]|]+@[^@[:space:]|]+\.[^@[:space:]|.]{2,}$'
ORDER BY email
ON CONFLICT (lower(email)) DO NOTHING;

-- '' stands for "names nobody".
CREATE TEMP TABLE event_people ON COMMIT DROP AS
SELECT
    named.user_email,
    coalesce(u.id, CASE WHEN named.user_email = '' THEN l.owner_id END) AS user_id
FROM (SELECT DISTINCT coalesce(user_email, '') AS user_email FROM staged_usage) AS named
CROSS JOIN current_load AS l
LEFT JOIN users AS u ON lower(u.email) = lower(btrim(named.user_email)) AND named.user_email <> '';

INSERT INTO refused (record, line, column_name, rule, reason)
SELECT
    s.record,
    s.line,
    'user' AS column_name,
    'unattributed' AS rule,
    CASE
        WHEN s.user_email IS NULL THEN 'names no person and the file has no owner: load it with --user'
        ELSE 'names a person who is not registered: add them, or load it with --create-user'
    END AS reason
FROM staged_usage AS s
INNER JOIN event_people AS p ON coalesce(s.user_email, '') = p.user_email
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
FROM staged_usage AS s
INNER JOIN event_people AS p ON coalesce(s.user_email, '') = p.user_email
CROSS JOIN current_load AS l
WHERE l.only_owner AND p.user_id <> l.owner_id;

DELETE FROM event_people AS p
USING current_load AS l
WHERE p.user_id IS NULL OR (l.only_owner AND p.user_id <> l.owner_id);
