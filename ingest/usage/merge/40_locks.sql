-- Lock in one order what the counters will update, so that two loads never block each other.

SELECT count(*)
FROM (
    SELECT u.id
    FROM users AS u
    WHERE u.id IN (SELECT e.user_id FROM events AS e)
    ORDER BY u.id
    FOR NO KEY UPDATE
) AS locked;

SELECT count(*)
FROM (
    SELECT a.id
    FROM agents AS a
    WHERE a.id IN (SELECT e.agent_id FROM event_agents AS e)
    ORDER BY a.id
    FOR NO KEY UPDATE
) AS locked;
