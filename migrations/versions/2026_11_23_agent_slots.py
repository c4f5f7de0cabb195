"""A slot is of one agent: plain sums instead of an object that is taken apart and put together for each event."""
# ruff: noqa: S608 - what is put into the SQL is written in this module

from collections.abc import Sequence
from importlib import import_module

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

slots = import_module("migrations.versions.2026_11_23_slots")

revision: str = "agent_slots"
down_revision: str | None = "slots"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

AGENT_TOTALS = """
CREATE OR REPLACE VIEW agent_totals WITH (security_invoker = true, security_barrier = true) AS
WITH used AS (
  SELECT user_id, agent.key::uuid AS agent_id, (agent.value -> 'messages')::bigint AS messages,
    (agent.value -> 'tokens')::bigint AS tokens, (agent.value -> 'cost')::numeric AS cost
  FROM monthly_usage CROSS JOIN LATERAL jsonb_each(agent_usage) agent
  UNION ALL
  SELECT user_id, agent_id, total_messages, total_tokens, total_cost FROM usage_slots WHERE total_messages > 0
)
SELECT agent_id, count(DISTINCT user_id) AS people, sum(messages)::bigint AS total_messages, sum(tokens)::bigint AS total_tokens,
  sum(cost) AS total_cost
FROM used GROUP BY agent_id
"""
USAGE_LIMITS = next(function for function in slots.limits.FUNCTIONS if "FUNCTION usage_limits(" in function)
FUNCTIONS = [
    # As before, but of people without any plan, too: they have no limit, and what they use is counted.
    USAGE_LIMITS.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1).replace(
        "JOIN periods", "LEFT JOIN periods", 1
    ),
    # As before, in the words of any server that is served: the first returned a row's old values, which only the newest can.
    f"""
CREATE OR REPLACE FUNCTION take_usage_slots(people uuid[], waits boolean)
RETURNS TABLE (user_id uuid, agent_id uuid, local_date date, last timestamptz, n bigint, tokens bigint, cost numeric, unknown bigint)
LANGUAGE plpgsql {slots.PATH} AS $$
#variable_conflict use_column
DECLARE
  slots uuid[];
BEGIN
  IF waits THEN
    slots := ARRAY(SELECT id FROM usage_slots WHERE user_id = ANY (people) AND total_messages > 0 ORDER BY id FOR NO KEY UPDATE);
  ELSE
    slots := ARRAY(SELECT id FROM usage_slots WHERE user_id = ANY (people) AND total_messages > 0 FOR NO KEY UPDATE SKIP LOCKED);
  END IF;
  RETURN QUERY
    SELECT user_id, agent_id, make_date(year, month, 1), last_interaction, total_messages, total_tokens, total_cost, unknown_cost_events
    FROM usage_slots WHERE user_id = ANY (people) AND id = ANY (slots);
  UPDATE usage_slots SET total_messages = 0, total_tokens = 0, total_cost = 0, unknown_cost_events = 0
  WHERE user_id = ANY (people) AND id = ANY (slots);
END $$
""",
    # As before. Who does not wait adds to a slot of the event's agent.
    f"""
CREATE OR REPLACE FUNCTION update_usage_counters() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER {slots.PATH} AS $$
DECLARE
  event record;
  agent text;
  counted record;
  crossed uuid[];
  changed_people uuid[];
  in_slots boolean;
  is_alone boolean;
  added text := 'SELECT user_id, agent_id, local_date, timestamp AS last, 1 AS n, total_tokens AS tokens, coalesce(total_cost, 0) AS cost,'
    ' (total_cost IS NULL)::int AS unknown FROM added';
  removed text := 'SELECT user_id, agent_id, local_date, NULL::timestamptz AS last, -1 AS n, -total_tokens AS tokens,'
    ' -coalesce(total_cost, 0) AS cost, -(total_cost IS NULL)::int AS unknown FROM removed';
  changes text := CASE TG_OP
    WHEN 'INSERT' THEN added WHEN 'DELETE' THEN removed ELSE added || ' UNION ALL ' || removed END;
BEGIN
  IF TG_OP = 'INSERT' THEN
    SELECT user_id, agent_id, local_date, extract(year FROM local_date)::smallint AS year,
      extract(month FROM local_date)::smallint AS month, timestamp, total_tokens, total_cost,
      EXISTS (SELECT FROM added OFFSET 1) AS is_one_of_many
    INTO event FROM added LIMIT 1;
    IF event.user_id IS NULL THEN
      RETURN NULL;
    ELSIF NOT event.is_one_of_many THEN
      is_alone := pg_try_advisory_xact_lock(hashtext('usage'), hashtext(event.user_id::text));
      IF is_alone THEN
        in_slots := EXISTS (SELECT FROM usage_slots WHERE user_id = event.user_id AND total_messages > 0);
      END IF;
      IF NOT is_alone OR in_slots AND random() > 0.02 THEN
        UPDATE usage_slots
        SET total_messages = total_messages + 1, total_tokens = total_tokens + event.total_tokens,
          total_cost = total_cost + coalesce(event.total_cost, 0),
          unknown_cost_events = unknown_cost_events + (event.total_cost IS NULL)::int,
          last_interaction = greatest(last_interaction, event.timestamp)
        WHERE user_id = event.user_id AND id = (
          SELECT id FROM usage_slots
          WHERE user_id = event.user_id AND agent_id = event.agent_id AND year = event.year AND month = event.month
          LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
          AND ({slots.IS_FAR});
        IF FOUND THEN
          RETURN NULL;
        END IF;
        IF ({slots.IS_FAR}) THEN
          INSERT INTO usage_slots (user_id, year, month, agent_id, total_messages, total_tokens, total_cost,
            unknown_cost_events, last_interaction)
          VALUES (event.user_id, event.year, event.month, event.agent_id, 1, event.total_tokens,
            coalesce(event.total_cost, 0), (event.total_cost IS NULL)::int, event.timestamp);
          RETURN NULL;
        END IF;
      END IF;
      PERFORM FROM users WHERE id = event.user_id FOR NO KEY UPDATE;
      IF in_slots IS NULL THEN
        in_slots := EXISTS (SELECT FROM usage_slots WHERE user_id = event.user_id AND total_messages > 0);
      END IF;
      IF NOT in_slots THEN
        agent := event.agent_id;
        LOOP
          UPDATE monthly_usage m
          SET total_messages = m.total_messages + 1,
              total_tokens = m.total_tokens + event.total_tokens,
              total_cost = m.total_cost + coalesce(event.total_cost, 0),
              unknown_cost_events = m.unknown_cost_events + (event.total_cost IS NULL)::int,
              last_interaction = greatest(m.last_interaction, event.timestamp),
              exceeded_limit = {slots.limits.ONE_MORE_EXCEEDS},
              updated_at = now(),
              agent_usage = m.agent_usage || jsonb_build_object(agent, jsonb_build_object(
                'messages', coalesce((m.agent_usage -> agent -> 'messages')::bigint, 0) + 1,
                'tokens', coalesce((m.agent_usage -> agent -> 'tokens')::bigint, 0) + event.total_tokens,
                'cost', coalesce((m.agent_usage -> agent -> 'cost')::numeric, 0) + coalesce(event.total_cost, 0)))
          WHERE m.user_id = event.user_id
            AND m.year = event.year AND m.month = event.month
          RETURNING m.total_messages, m.limit_messages, m.total_tokens, m.limit_tokens,
            m.total_messages >= m.limit_messages / 5 * 4 OR m.total_tokens >= m.limit_tokens / 5 * 4 AS is_near INTO counted;
          EXIT WHEN FOUND;
          PERFORM begin_usage_months(ARRAY[event.user_id], ARRAY[date_trunc('month', event.local_date)::date]);
        END LOOP;
        IF counted.is_near THEN
          IF {slots.limits.crosses("counted", "1", "event.total_tokens")} THEN
            PERFORM raise_usage_alerts(ARRAY[event.user_id]);
          END IF;
        END IF;
        RETURN NULL;
      END IF;
    END IF;
  END IF;
  EXECUTE format('SELECT array_agg(DISTINCT user_id) FROM (%1$s) changed', changes) INTO changed_people;
  PERFORM FROM users WHERE id = ANY (changed_people) ORDER BY id FOR NO KEY UPDATE;
  IF TG_OP <> 'DELETE' THEN
    PERFORM begin_usage_months(array_agg(b.user_id ORDER BY b.user_id, b.month), array_agg(b.month ORDER BY b.user_id, b.month))
    FROM (SELECT DISTINCT user_id, date_trunc('month', local_date)::date AS month FROM added) b
    LEFT JOIN monthly_usage m ON m.user_id = b.user_id AND make_date(m.year, m.month, 1) = b.month
    WHERE m.id IS NULL
    HAVING count(*) > 0;
  END IF;
  IF EXISTS (SELECT FROM usage_slots WHERE user_id = ANY (changed_people) AND total_messages > 0) THEN
    changes := changes || ' UNION ALL SELECT * FROM take_usage_slots($1, $2)';
  END IF;
  EXECUTE format($sql$
    WITH changed AS MATERIALIZED (
      SELECT user_id, extract(year FROM local_date)::smallint AS year, extract(month FROM local_date)::smallint AS month,
        agent_id::text AS agent, sum(n) AS n, sum(tokens) AS tokens, sum(cost) AS cost, sum(unknown) AS unknown, max(last) AS last
      FROM (%1$s) changed
      GROUP BY 1, 2, 3, 4
    ),
    parts AS (
      SELECT user_id, year, month, agent, n, tokens, cost, n AS all_n, tokens AS all_tokens, cost AS all_cost, unknown, last
      FROM changed
      UNION ALL
      SELECT m.user_id, m.year, m.month, known.key, 0, 0, 0, (known.value -> 'messages')::numeric, (known.value -> 'tokens')::numeric,
        (known.value -> 'cost')::numeric, 0, NULL
      FROM monthly_usage m CROSS JOIN LATERAL jsonb_each(m.agent_usage) known
      WHERE (m.user_id, m.year, m.month) IN (SELECT user_id, year, month FROM changed)
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
    counted AS (
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
    SELECT array_agg(DISTINCT user_id) FROM counted
    WHERE {slots.limits.crosses("counted", "n", "tokens")}
  $sql$, changes) INTO crossed USING changed_people, TG_OP <> 'INSERT';
  IF crossed IS NOT NULL THEN
    PERFORM raise_usage_alerts(crossed);
  END IF;
  RETURN NULL;
END $$
""",
    # As before, slots being of one agent.
    f"""
CREATE OR REPLACE FUNCTION recount_usage(people uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER {slots.PATH} AS $$
BEGIN
  PERFORM FROM users WHERE id = ANY (people) ORDER BY id FOR NO KEY UPDATE;
  PERFORM FROM take_usage_slots(people, true);
  WITH events AS (
    SELECT user_id, local_date, agent_id, 1 AS n, total_tokens AS tokens, coalesce(total_cost, 0) AS cost,
      (total_cost IS NULL)::int AS unknown, timestamp
    FROM usage_logs WHERE user_id = ANY (people)
    UNION ALL
    SELECT user_id, local_date, agent_id, events, total_tokens, coalesce(total_cost, 0), unknown_cost_events, NULL
    FROM archived_usage_daily WHERE user_id = ANY (people)
    UNION ALL
    SELECT user_id, make_date(year, month, 1), agent_id, -total_messages, -total_tokens, -total_cost, -unknown_cost_events, NULL
    FROM usage_slots WHERE user_id = ANY (people)
  ),
  by_agent AS (
    SELECT user_id, date_trunc('month', local_date)::date AS month, agent_id, sum(n) AS n, sum(tokens) AS tokens, sum(cost) AS cost,
      sum(unknown) AS unknown, max(timestamp) AS last
    FROM events GROUP BY 1, 2, 3
  ),
  counted AS (
    SELECT user_id, month, sum(n) AS n, sum(tokens) AS tokens, sum(cost) AS cost, sum(unknown) AS unknown, max(last) AS last,
      jsonb_object_agg(agent_id, jsonb_build_object('messages', n, 'tokens', tokens, 'cost', cost)) FILTER (WHERE n <> 0) AS usage
    FROM by_agent GROUP BY 1, 2
  ),
  months AS (
    SELECT user_id, month FROM counted
    UNION
    SELECT user_id, make_date(year, month, 1) FROM monthly_usage WHERE user_id = ANY (people)
  )
  INSERT INTO monthly_usage AS m (user_id, year, month, total_messages, total_tokens, total_cost, unknown_cost_events,
    last_interaction, agent_usage, limit_messages, limit_tokens, exceeded_limit)
  SELECT user_id, extract(year FROM month), extract(month FROM month), coalesce(n, 0), coalesce(tokens, 0), coalesce(cost, 0),
    coalesce(unknown, 0), last, coalesce(usage, '{{}}'), l.limit_messages, l.limit_tokens,
    {slots.limits.exceeds("coalesce(n, 0)", "l.limit_messages", "coalesce(tokens, 0)", "l.limit_tokens")}
  FROM usage_limits((SELECT array_agg(user_id) FROM months), (SELECT array_agg(month) FROM months)) l
  LEFT JOIN counted USING (user_id, month)
  ON CONFLICT (user_id, year, month) DO UPDATE
  SET updated_at = now(), total_messages = excluded.total_messages, total_tokens = excluded.total_tokens, total_cost = excluded.total_cost,
      unknown_cost_events = excluded.unknown_cost_events, agent_usage = excluded.agent_usage,
      last_interaction = greatest(m.last_interaction, excluded.last_interaction),
      limit_messages = excluded.limit_messages, limit_tokens = excluded.limit_tokens, exceeded_limit = excluded.exceeded_limit;
  PERFORM raise_usage_alerts(people);
END $$
""",
]
REPLACED = ("take_usage_slots", "update_usage_counters", "recount_usage")
# Nothing is counted meanwhile, and what is in slots goes to the months: the table is empty when its columns change.
EMPTY_SLOTS = (
    "LOCK TABLE usage_logs, users, monthly_usage, usage_slots IN ACCESS EXCLUSIVE MODE",
    "SELECT recount_usage(array_agg(DISTINCT user_id)) FROM usage_slots WHERE total_messages > 0",
    "DELETE FROM usage_slots",
)


def upgrade() -> None:
    for statement in EMPTY_SLOTS:
        op.execute(statement)
    # The table is locked and empty, and no writer names the old column once the functions are replaced.
    op.execute("-- squawk-ignore adding-required-field\nALTER TABLE usage_slots ADD COLUMN agent_id uuid NOT NULL")
    op.execute(AGENT_TOTALS)
    op.execute("-- squawk-ignore ban-drop-column\nALTER TABLE usage_slots DROP COLUMN agent_usage")
    for statement in FUNCTIONS:
        op.execute(statement)


def downgrade() -> None:
    for statement in EMPTY_SLOTS:
        op.execute(statement)
    op.add_column(
        "usage_slots", sa.Column("agent_usage", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)
    )
    op.execute(slots.AGENT_TOTALS)
    op.drop_column("usage_slots", "agent_id")
    for name in REPLACED:
        before = next(function for function in slots.FUNCTIONS if f"FUNCTION {name}(" in function)
        op.execute(before.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1))
    op.execute(USAGE_LIMITS.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1))
