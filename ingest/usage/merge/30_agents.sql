-- Which agent answered: the one with that slug or name, else a new one. An event without an agent is its source's own.

CREATE TEMP TABLE event_agents ON COMMIT DROP AS
WITH named AS (
    SELECT DISTINCT e.agent
    FROM events AS e
),

spelled AS (
    SELECT
        n.agent,
        btrim(
            regexp_replace(
                regexp_replace(lower(normalize(n.agent, NFKD)), '[\u0300-\u036f]', '', 'g'), '[^a-z0-9]+', '-', 'g'
            ),
            '-'
        ) AS slug
    FROM named AS n
),

slugged AS (
    SELECT
        s.agent,
        CASE s.slug WHEN '' THEN 'agent-' || left(md5(s.agent), 8) ELSE s.slug END AS slug
    FROM spelled AS s
)

SELECT
    s.agent,
    s.slug,
    coalesce(
        (SELECT a.id FROM agents AS a WHERE a.slug = s.slug),
        (SELECT a.id FROM agents AS a WHERE lower(a.name) = lower(s.agent) ORDER BY a.id LIMIT 1)
    ) AS agent_id
FROM slugged AS s;

INSERT INTO agents (name, slug)
SELECT
    min(a.agent) AS name,
    a.slug
FROM event_agents AS a
WHERE a.agent_id IS NULL
GROUP BY a.slug
ORDER BY a.slug
ON CONFLICT (slug) DO NOTHING;

UPDATE event_agents AS e
SET agent_id = a.id
FROM agents AS a
WHERE e.agent_id IS NULL AND a.slug = e.slug;

ANALYZE event_agents;

-- A person sees the agents that they have talked to.
INSERT INTO user_agent_permissions (user_id, agent_id)
SELECT DISTINCT
    used.user_id,
    a.agent_id
FROM (SELECT DISTINCT e.user_id, e.agent FROM events AS e) AS used
INNER JOIN event_agents AS a ON used.agent = a.agent
ORDER BY used.user_id, a.agent_id
ON CONFLICT (user_id, agent_id) DO NOTHING;
