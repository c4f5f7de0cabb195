"""One event's counters at less cost: what most events do not need is not prepared for each."""
# ruff: noqa: S608 - what is put into the SQL is written in this module

from collections.abc import Sequence
from importlib import import_module

from alembic import op

agent_slots = import_module("migrations.versions.2026_11_23_agent_slots")
slots = agent_slots.slots

revision: str = "lean_counters"
down_revision: str | None = "admin_billing"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# What events brought, as arrays that go together (one element a person, month and agent), and what the people's slots hold,
# goes to the months. The people are locked; it is planned once a session, as it names no transition table.
ADD_USAGE = f"""
CREATE FUNCTION add_usage(people uuid[], users uuid[], agents uuid[], months date[], last timestamptz[], n bigint[], tokens bigint[],
  cost numeric[], unknown bigint[], is_added boolean[], waits boolean) RETURNS void
LANGUAGE plpgsql {slots.PATH} AS $$
#variable_conflict use_column
DECLARE
  crossed uuid[];
BEGIN
  PERFORM begin_usage_months(array_agg(b.user_id ORDER BY b.user_id, b.month), array_agg(b.month ORDER BY b.user_id, b.month))
  FROM (
    SELECT DISTINCT user_id, month FROM unnest(users, months, is_added) AS e (user_id, month, is_added)
    WHERE is_added
  ) b
  LEFT JOIN monthly_usage m
    ON m.user_id = b.user_id AND m.year = date_part('year', b.month)::smallint AND m.month = date_part('month', b.month)::smallint
  WHERE m.id IS NULL
  HAVING count(*) > 0;
  WITH changes AS MATERIALIZED (
    SELECT user_id, date_part('year', month)::smallint AS year, date_part('month', month)::smallint AS month, agent_id::text AS agent,
      sum(n) AS n, sum(tokens) AS tokens, sum(cost) AS cost, sum(unknown) AS unknown, max(last) AS last
    FROM (
      SELECT * FROM unnest(
        users, agents, months, last, n, tokens, cost, unknown
      ) AS events (user_id, agent_id, month, last, n, tokens, cost, unknown)
      UNION ALL
      SELECT * FROM take_usage_slots(people, waits)
    ) events
    GROUP BY 1, 2, 3, 4
  ),
  parts AS (
    SELECT user_id, year, month, agent, n, tokens, cost, n AS all_n, tokens AS all_tokens, cost AS all_cost, unknown, last
    FROM changes
    UNION ALL
    SELECT m.user_id, m.year, m.month, known.key, 0, 0, 0, (known.value -> 'messages')::numeric, (known.value -> 'tokens')::numeric,
      (known.value -> 'cost')::numeric, 0, NULL
    FROM monthly_usage m CROSS JOIN LATERAL jsonb_each(m.agent_usage) known
    WHERE (m.user_id, m.year, m.month) IN (SELECT user_id, year, month FROM changes)
  ),
  by_agent AS (
    SELECT user_id, year, month, agent, sum(n) AS n, sum(tokens) AS tokens, sum(cost) AS cost, sum(all_n) AS all_n,
      sum(all_tokens) AS all_tokens, sum(all_cost) AS all_cost, sum(unknown) AS unknown, max(last) AS last
    FROM parts GROUP BY 1, 2, 3, 4
  ),
  delta AS (
    SELECT user_id, year, month, sum(n) AS n, sum(tokens) AS tokens, sum(cost) AS cost, sum(unknown) AS unknown, max(last) AS last,
      jsonb_object_agg(agent, jsonb_build_object('messages', all_n, 'tokens', all_tokens, 'cost', all_cost))
        FILTER (WHERE all_n <> 0) AS agents
    FROM by_agent GROUP BY 1, 2, 3
  ),
  updated AS (
    UPDATE monthly_usage m
    SET total_messages = m.total_messages + delta.n,
        total_tokens = m.total_tokens + delta.tokens,
        total_cost = m.total_cost + delta.cost,
        unknown_cost_events = m.unknown_cost_events + delta.unknown,
        last_interaction = greatest(m.last_interaction, delta.last),
        exceeded_limit = {slots.limits.DELTA_EXCEEDS},
        updated_at = now(),
        agent_usage = CASE WHEN m.agent_usage IS NOT NULL THEN coalesce(delta.agents, '{{}}') END
    FROM delta
    WHERE m.user_id = delta.user_id AND m.year = delta.year AND m.month = delta.month
    RETURNING m.user_id, m.total_messages, m.limit_messages, m.total_tokens, m.limit_tokens, delta.n, delta.tokens
  )
  SELECT array_agg(DISTINCT user_id) INTO crossed FROM updated
  WHERE {slots.limits.crosses("updated", "n", "tokens")};
  IF crossed IS NOT NULL THEN
    PERFORM raise_usage_alerts(crossed);
  END IF;
END $$
"""
ADD_USAGE_SIGNATURE = "add_usage(uuid[], uuid[], uuid[], date[], timestamptz[], bigint[], bigint[], numeric[], bigint[], boolean[], boolean)"
# As before. Every expression of a statement is prepared each time it runs, also one that is not come to; that, not the
# writing, was most of what an event's counters cost. So the sum over slots stands in a statement of its own, and so does what
# only a limit asks for; whether another is writing is asked with the person's lock itself. What many events brought is read
# once.
UPDATE_USAGE_COUNTERS = f"""
CREATE OR REPLACE FUNCTION update_usage_counters() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER {slots.PATH} AS $$
DECLARE
  event record;
  counted record;
  in_slots boolean;
  is_far boolean;
  changed record;
  added text;
  removed text;
BEGIN
  IF TG_OP = 'INSERT' THEN
    SELECT user_id, agent_id, agent_id::text AS agent, local_date, date_part('year', local_date)::smallint AS year,
      date_part('month', local_date)::smallint AS month, timestamp, total_tokens, total_cost, is_one_of_many,
      CASE WHEN NOT is_one_of_many THEN (SELECT true FROM users u WHERE u.id = added.user_id FOR NO KEY UPDATE SKIP LOCKED) END AS is_alone,
      NOT is_one_of_many AND EXISTS (SELECT FROM usage_slots s WHERE s.user_id = added.user_id AND s.total_messages > 0) AS in_slots
    INTO event FROM (SELECT *, EXISTS (SELECT FROM added OFFSET 1) AS is_one_of_many FROM added LIMIT 1) added;
    IF event.user_id IS NULL THEN
      RETURN NULL;
    ELSIF NOT event.is_one_of_many THEN
      in_slots := event.in_slots;
      IF event.is_alone IS NULL OR in_slots AND random() > 0.005 THEN
        SELECT (limit_messages IS NULL OR total_messages >= limit_messages) AND (limit_tokens IS NULL OR total_tokens >= limit_tokens)
        INTO is_far FROM monthly_usage WHERE user_id = event.user_id AND year = event.year AND month = event.month;
        IF NOT is_far THEN
          is_far := ({slots.IS_FAR});
        END IF;
        IF is_far THEN
          UPDATE usage_slots
          SET total_messages = total_messages + 1, total_tokens = total_tokens + event.total_tokens,
            total_cost = total_cost + coalesce(event.total_cost, 0),
            unknown_cost_events = unknown_cost_events + (event.total_cost IS NULL)::int,
            last_interaction = greatest(last_interaction, event.timestamp)
          WHERE user_id = event.user_id AND id = (
            SELECT id FROM usage_slots
            WHERE user_id = event.user_id AND agent_id = event.agent_id AND year = event.year AND month = event.month
            LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED);
          IF NOT FOUND THEN
            INSERT INTO usage_slots (user_id, year, month, agent_id, total_messages, total_tokens, total_cost,
              unknown_cost_events, last_interaction)
            VALUES (event.user_id, event.year, event.month, event.agent_id, 1, event.total_tokens,
              coalesce(event.total_cost, 0), (event.total_cost IS NULL)::int, event.timestamp);
          END IF;
          RETURN NULL;
        END IF;
      END IF;
      IF event.is_alone IS NULL THEN
        PERFORM FROM users WHERE id = event.user_id FOR NO KEY UPDATE;
        in_slots := EXISTS (SELECT FROM usage_slots WHERE user_id = event.user_id AND total_messages > 0);
      END IF;
      LOOP
        UPDATE monthly_usage m
        SET total_messages = m.total_messages + 1,
            total_tokens = m.total_tokens + event.total_tokens,
            total_cost = m.total_cost + coalesce(event.total_cost, 0),
            unknown_cost_events = m.unknown_cost_events + (event.total_cost IS NULL)::int,
            last_interaction = greatest(m.last_interaction, event.timestamp),
            updated_at = now(),
            agent_usage = m.agent_usage || jsonb_build_object(event.agent, jsonb_build_object(
              'messages', coalesce((m.agent_usage -> event.agent -> 'messages')::bigint, 0) + 1,
              'tokens', coalesce((m.agent_usage -> event.agent -> 'tokens')::bigint, 0) + event.total_tokens,
              'cost', coalesce((m.agent_usage -> event.agent -> 'cost')::numeric, 0) + coalesce(event.total_cost, 0)))
        WHERE m.user_id = event.user_id AND m.year = event.year AND m.month = event.month
        RETURNING m.total_messages, m.limit_messages, m.total_tokens, m.limit_tokens, m.exceeded_limit INTO counted;
        EXIT WHEN FOUND;
        PERFORM begin_usage_months(ARRAY[event.user_id], ARRAY[date_trunc('month', event.local_date)::date]);
      END LOOP;
      IF in_slots THEN
        PERFORM add_usage(ARRAY[event.user_id], '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', false);
        SELECT total_messages, limit_messages, total_tokens, limit_tokens, exceeded_limit
        INTO counted FROM monthly_usage WHERE user_id = event.user_id AND year = event.year AND month = event.month;
      END IF;
      IF counted.limit_messages IS NOT NULL OR counted.limit_tokens IS NOT NULL THEN
        IF counted.total_messages >= counted.limit_messages / 5 * 4 OR counted.total_tokens >= counted.limit_tokens / 5 * 4 THEN
          IF NOT counted.exceeded_limit AND ({slots.limits.exceeds("counted.total_messages", "counted.limit_messages", "counted.total_tokens", "counted.limit_tokens")}) THEN
            UPDATE monthly_usage SET exceeded_limit = true WHERE user_id = event.user_id AND year = event.year AND month = event.month;
          END IF;
          IF in_slots OR {slots.limits.crosses("counted", "1", "event.total_tokens")} THEN
            PERFORM raise_usage_alerts(ARRAY[event.user_id]);
          END IF;
        END IF;
      END IF;
      RETURN NULL;
    END IF;
  END IF;
  added := 'SELECT user_id, agent_id, local_date, timestamp, 1 AS n, total_tokens AS tokens, total_cost AS cost FROM added';
  removed := 'SELECT user_id, agent_id, local_date, NULL::timestamptz AS timestamp, -1 AS n, -total_tokens AS tokens,'
    ' -total_cost AS cost FROM removed';
  EXECUTE format($sql$
    WITH changed AS (
      SELECT user_id, agent_id, date_part('year', local_date)::smallint AS year, date_part('month', local_date)::smallint AS month,
        max(timestamp) AS last, sum(n) AS n, sum(tokens)::bigint AS tokens, coalesce(sum(cost), 0) AS cost,
        coalesce(sum(n) FILTER (WHERE cost IS NULL), 0) AS unknown, bool_or(n > 0) AS is_added
      FROM (%s) events
      GROUP BY 1, 2, 3, 4
    )
    SELECT array_agg(DISTINCT user_id) AS people, array_agg(user_id) AS users, array_agg(agent_id) AS agents,
      array_agg(make_date(year, month, 1)) AS months, array_agg(last) AS last, array_agg(n) AS n, array_agg(tokens) AS tokens,
      array_agg(cost) AS cost, array_agg(unknown) AS unknown, array_agg(is_added) AS is_added
    FROM changed
  $sql$, CASE TG_OP WHEN 'INSERT' THEN added WHEN 'DELETE' THEN removed ELSE added || ' UNION ALL ' || removed END) INTO changed;
  PERFORM FROM users WHERE id = ANY (changed.people) ORDER BY id FOR NO KEY UPDATE;
  PERFORM add_usage(changed.people, changed.users, changed.agents, changed.months, changed.last, changed.n, changed.tokens,
    changed.cost, changed.unknown, changed.is_added, TG_OP <> 'INSERT');
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    # Few slots to a page, as their writers take turns on it.
    op.execute("ALTER TABLE usage_slots SET (fillfactor = 10)")
    op.execute(ADD_USAGE)
    op.execute(UPDATE_USAGE_COUNTERS)
    op.execute(f"REVOKE ALL ON FUNCTION {ADD_USAGE_SIGNATURE} FROM PUBLIC")


def downgrade() -> None:
    op.execute(next(function for function in agent_slots.FUNCTIONS if "FUNCTION update_usage_counters(" in function))
    op.execute(f"DROP FUNCTION {ADD_USAGE_SIGNATURE}")
    op.execute("ALTER TABLE usage_slots SET (fillfactor = 50)")
