"""Limits of a month, usage by agent, and alerts."""
# ruff: noqa: S608 - what is put into the SQL is written in this module

from collections.abc import Sequence
from importlib import import_module

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import ALL, OWN, READ, protect

revision: str = "limits"
down_revision: str | None = "billing"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def level(used: str, allowed: str) -> str:
    """SQL for how much of a limit is used: 0, 80, 90, or 100 for all of it. Nothing used is 0, whatever the limit."""
    return (
        f"CASE WHEN {allowed} IS NULL OR {used} = 0 THEN 0 WHEN {used} >= {allowed} THEN 100"
        f" WHEN {used}::numeric * 10 >= {allowed} * 9::numeric THEN 90"
        f" WHEN {used}::numeric * 10 >= {allowed} * 8::numeric THEN 80 ELSE 0 END"
    )


def exceeds(messages: str, message_limit: str, tokens: str, token_limit: str) -> str:
    """SQL for whether one of the limits is used up."""
    parts = ((messages, message_limit), (tokens, token_limit))
    return " OR ".join(f"coalesce({used} > 0 AND {used} >= {allowed}, false)" for used, allowed in parts)


def crosses(month: str, messages: str, tokens: str) -> str:
    """SQL for whether so many more (or fewer) brought the month's row over (or under) a threshold."""
    changes = (("messages", messages), ("tokens", tokens))
    return (
        "("
        + " OR ".join(
            f"{level(f'{month}.total_{metric}', f'{month}.limit_{metric}')}"
            f" <> {level(f'({month}.total_{metric} - {change})', f'{month}.limit_{metric}')}"
            for metric, change in changes
        )
        + ")"
    )


ONE_MORE_EXCEEDS = exceeds(
    "(m.total_messages + 1)", "m.limit_messages", "(m.total_tokens + event.total_tokens)", "m.limit_tokens"
)
DELTA_EXCEEDS = exceeds(
    "(m.total_messages + delta.n)", "m.limit_messages", "(m.total_tokens + delta.tokens)", "m.limit_tokens"
)

# `count_usage` becomes `update_usage_counters`: a new name and a new body, without a lock on `usage_logs`.
FUNCTIONS = [
    # What people may use in months of theirs, person by person and month by month: by the plan, and the limits of their own,
    # at the month's end (so far), or by their first plan in a month before it. No limit is NULL.
    """
CREATE FUNCTION usage_limits(people uuid[], months date[])
RETURNS TABLE (user_id uuid, month date, limit_messages bigint, limit_tokens bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
  WITH periods AS MATERIALIZED (
    SELECT s.user_id, s.plan_code, s.custom_limits, s.valid_from, local_date(s.user_id, s.valid_from) AS first_day
    FROM subscriptions s WHERE s.user_id = ANY (people)
  ),
  plans AS (
    SELECT DISTINCT ON (w.user_id, w.month) w.user_id, w.month, last_day, p.plan_code, p.custom_limits
    FROM unnest(people, months) AS w (user_id, month)
    JOIN periods p ON p.user_id = w.user_id
    CROSS JOIN LATERAL (SELECT (w.month + interval '1 month' - interval '1 day')::date AS last_day) d
    ORDER BY w.user_id, w.month, first_day <= last_day DESC, CASE WHEN first_day <= last_day THEN p.valid_from END DESC, p.valid_from
  )
  SELECT p.user_id, p.month,
    CASE WHEN p.custom_limits ? 'messages' THEN (p.custom_limits ->> 'messages')::bigint ELSE l.included_messages END,
    CASE WHEN p.custom_limits ? 'tokens' THEN (p.custom_limits ->> 'tokens')::bigint ELSE l.included_tokens END
  FROM plans p
  LEFT JOIN plan_limits l ON l.plan_code = p.plan_code AND daterange(l.valid_from, l.valid_to) @> p.last_day
$$
""",
    # Alerts as the people's months have it: what is reached is raised once per metric and threshold; what is not true any
    # more (usage fell, the limit was raised, the month is over) is settled, and taken up again when it is reached once more.
    f"""
CREATE FUNCTION raise_usage_alerts(people uuid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  WITH months AS (
    SELECT user_id, year, month, make_date(year, month, 1) + interval '1 month' <= local_date(user_id, now()) AS over,
      {level("total_messages", "limit_messages")} AS messages, {level("total_tokens", "limit_tokens")} AS tokens
    FROM monthly_usage WHERE user_id = ANY (people)
  ),
  settled AS (
    UPDATE usage_alerts a SET resolved_at = now() FROM months m
    WHERE a.user_id = m.user_id AND a.year = m.year AND a.month = m.month AND a.resolved_at IS NULL
      AND (m.over OR a.threshold > CASE a.metric WHEN 'messages' THEN m.messages WHEN 'tokens' THEN m.tokens END)
  )
  INSERT INTO usage_alerts (user_id, year, month, metric, type, threshold, triggered, resolved_at)
  SELECT user_id, year, month, metric, type, threshold, true, CASE WHEN over THEN now() END
  FROM months CROSS JOIN LATERAL (VALUES ('messages', messages), ('tokens', tokens)) AS used (metric, level)
  JOIN (VALUES (80, 'APPROACHING_LIMIT'), (90, 'LIMIT_WARNING'), (100, 'LIMIT_EXCEEDED')) AS t (threshold, type) ON threshold <= level
  ON CONFLICT (user_id, year, month, metric, threshold) DO UPDATE SET resolved_at = NULL
  WHERE usage_alerts.resolved_at IS NOT NULL AND excluded.resolved_at IS NULL;
  UPDATE monthly_usage m SET warnings_sent = a.raised
  FROM (SELECT user_id, year, month, count(*) AS raised FROM usage_alerts
    WHERE user_id = ANY (people) AND metric IN ('messages', 'tokens') GROUP BY 1, 2, 3) a
  WHERE m.user_id = a.user_id AND m.year = a.year AND m.month = a.month AND m.warnings_sent <> a.raised;
END $$
""",
    # The months that usage is about to be counted in. With a new one the alerts of the months before are settled.
    """
CREATE FUNCTION begin_usage_months(people uuid[], months date[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  INSERT INTO monthly_usage (user_id, year, month, agent_usage, limit_messages, limit_tokens)
  SELECT user_id, extract(year FROM month), extract(month FROM month), '{}', limit_messages, limit_tokens
  FROM usage_limits(people, months)
  ON CONFLICT (user_id, year, month) DO NOTHING;
  IF FOUND THEN
    UPDATE usage_alerts SET resolved_at = now()
    WHERE user_id = ANY (people) AND resolved_at IS NULL
      AND make_date(year, month, 1) + interval '1 month' <= local_date(user_id, now());
  END IF;
END $$
""",
    # Totals of the month, in all and by agent, once per statement. The people are locked first, in the order of their key,
    # and their rows guard their months: writers cannot deadlock. Nothing else is written but the month's row, which is
    # narrow and in no index that changes. A deletion needs no new month (and its person may be gone). A month is touched by
    # any change, also one that leaves its sums: builds find by `updated_at` what to compute anew. A statement of one row, the
    # ordinary case of a program that writes as it goes, takes a path whose plans are kept; alerts are looked at when a
    # threshold is crossed.
    f"""
CREATE OR REPLACE FUNCTION update_usage_counters() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  event record;
  agent text;
  counted record;
  crossed uuid[];
  added text := 'SELECT user_id, agent_id, local_date, timestamp, 1 AS n, total_tokens AS tokens, coalesce(total_cost, 0) AS cost,'
    ' (total_cost IS NULL)::int AS unknown FROM added';
  removed text := 'SELECT user_id, agent_id, local_date, NULL::timestamptz AS timestamp, -1 AS n, -total_tokens AS tokens,'
    ' -coalesce(total_cost, 0) AS cost, -(total_cost IS NULL)::int AS unknown FROM removed';
  changes text := CASE TG_OP
    WHEN 'INSERT' THEN added WHEN 'DELETE' THEN removed ELSE added || ' UNION ALL ' || removed END;
BEGIN
  IF TG_OP = 'INSERT' THEN
    SELECT user_id, agent_id, local_date, timestamp, total_tokens, total_cost,
      (SELECT count(*) FROM (SELECT FROM added LIMIT 2) two) AS n
    INTO event FROM added LIMIT 1;
    IF event.n IS NULL THEN
      RETURN NULL;
    ELSIF event.n = 1 THEN
      agent := event.agent_id;
      PERFORM FROM users WHERE id = event.user_id FOR NO KEY UPDATE;
      LOOP
        UPDATE monthly_usage m
        SET total_messages = m.total_messages + 1,
            total_tokens = m.total_tokens + event.total_tokens,
            total_cost = m.total_cost + coalesce(event.total_cost, 0),
            unknown_cost_events = m.unknown_cost_events + (event.total_cost IS NULL)::int,
            last_interaction = greatest(m.last_interaction, event.timestamp),
            exceeded_limit = {ONE_MORE_EXCEEDS},
            agent_usage = m.agent_usage || jsonb_build_object(agent, jsonb_build_object(
              'messages', coalesce((m.agent_usage -> agent -> 'messages')::bigint, 0) + 1,
              'tokens', coalesce((m.agent_usage -> agent -> 'tokens')::bigint, 0) + event.total_tokens,
              'cost', coalesce((m.agent_usage -> agent -> 'cost')::numeric, 0) + coalesce(event.total_cost, 0)))
        WHERE m.user_id = event.user_id
          AND m.year = extract(year FROM event.local_date)::smallint AND m.month = extract(month FROM event.local_date)::smallint
        RETURNING m.total_messages, m.limit_messages, m.total_tokens, m.limit_tokens,
          m.total_messages >= m.limit_messages / 5 * 4 OR m.total_tokens >= m.limit_tokens / 5 * 4 AS is_near INTO counted;
        EXIT WHEN FOUND;
        PERFORM begin_usage_months(ARRAY[event.user_id], ARRAY[date_trunc('month', event.local_date)::date]);
      END LOOP;
      IF counted.is_near THEN
        IF {crosses("counted", "1", "event.total_tokens")} THEN
          PERFORM raise_usage_alerts(ARRAY[event.user_id]);
        END IF;
      END IF;
      RETURN NULL;
    END IF;
  END IF;
  EXECUTE format($sql$
    SELECT FROM users WHERE id IN (SELECT user_id FROM (%1$s) changed) ORDER BY id FOR NO KEY UPDATE
  $sql$, changes);
  IF TG_OP <> 'DELETE' THEN
    PERFORM begin_usage_months(array_agg(b.user_id ORDER BY b.user_id, b.month), array_agg(b.month ORDER BY b.user_id, b.month))
    FROM (SELECT DISTINCT user_id, date_trunc('month', local_date)::date AS month FROM added) b
    LEFT JOIN monthly_usage m ON m.user_id = b.user_id AND make_date(m.year, m.month, 1) = b.month
    WHERE m.id IS NULL
    HAVING count(*) > 0;
  END IF;
  EXECUTE format($sql$
    WITH changed AS MATERIALIZED (
      SELECT user_id, extract(year FROM local_date)::smallint AS year, extract(month FROM local_date)::smallint AS month,
        agent_id::text AS agent, sum(n) AS n, sum(tokens) AS tokens, sum(cost) AS cost, sum(unknown) AS unknown, max(timestamp) AS last
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
          exceeded_limit = {DELTA_EXCEEDS},
          agent_usage = CASE WHEN m.agent_usage IS NOT NULL THEN coalesce(delta.agents, '{{}}') END
      FROM delta
      WHERE m.user_id = delta.user_id AND m.year = delta.year AND m.month = delta.month
      RETURNING m.user_id, m.total_messages, m.limit_messages, m.total_tokens, m.limit_tokens, delta.n, delta.tokens
    )
    SELECT array_agg(DISTINCT user_id) FROM counted
    WHERE {crosses("counted", "n", "tokens")}
  $sql$, changes) INTO crossed;
  IF crossed IS NOT NULL THEN
    PERFORM raise_usage_alerts(crossed);
  END IF;
  RETURN NULL;
END $$
""",
    # All of it from the events themselves, archived ones too, for the people named: a repair, what the triggers' totals are
    # held against, and the statement for where triggers cannot run.
    f"""
CREATE OR REPLACE FUNCTION recount_usage(people uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  PERFORM FROM users WHERE id = ANY (people) ORDER BY id FOR NO KEY UPDATE;
  WITH events AS (
    SELECT user_id, local_date, agent_id, 1 AS n, total_tokens AS tokens, coalesce(total_cost, 0) AS cost,
      (total_cost IS NULL)::int AS unknown, timestamp
    FROM usage_logs WHERE user_id = ANY (people)
    UNION ALL
    SELECT user_id, local_date, agent_id, events, total_tokens, coalesce(total_cost, 0), unknown_cost_events, NULL
    FROM archived_usage_daily WHERE user_id = ANY (people)
  ),
  by_agent AS (
    SELECT user_id, date_trunc('month', local_date)::date AS month, agent_id, sum(n) AS n, sum(tokens) AS tokens, sum(cost) AS cost,
      sum(unknown) AS unknown, max(timestamp) AS last
    FROM events GROUP BY 1, 2, 3
  ),
  counted AS (
    SELECT user_id, month, sum(n) AS n, sum(tokens) AS tokens, sum(cost) AS cost, sum(unknown) AS unknown, max(last) AS last,
      jsonb_object_agg(agent_id, jsonb_build_object('messages', n, 'tokens', tokens, 'cost', cost)) AS usage
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
    {exceeds("coalesce(n, 0)", "l.limit_messages", "coalesce(tokens, 0)", "l.limit_tokens")}
  FROM usage_limits((SELECT array_agg(user_id) FROM months), (SELECT array_agg(month) FROM months)) l
  LEFT JOIN counted USING (user_id, month)
  ON CONFLICT (user_id, year, month) DO UPDATE
  SET total_messages = excluded.total_messages, total_tokens = excluded.total_tokens, total_cost = excluded.total_cost,
      unknown_cost_events = excluded.unknown_cost_events, agent_usage = excluded.agent_usage,
      last_interaction = greatest(m.last_interaction, excluded.last_interaction),
      limit_messages = excluded.limit_messages, limit_tokens = excluded.limit_tokens, exceeded_limit = excluded.exceeded_limit;
  PERFORM raise_usage_alerts(people);
END $$
""",
    # The limits of the people's months again, after a plan, its limits or somebody's own have changed.
    f"""
CREATE FUNCTION refresh_usage_limits(people uuid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  PERFORM FROM users WHERE id = ANY (people) ORDER BY id FOR NO KEY UPDATE;
  UPDATE monthly_usage m SET limit_messages = l.limit_messages, limit_tokens = l.limit_tokens,
    exceeded_limit = {exceeds("m.total_messages", "l.limit_messages", "m.total_tokens", "l.limit_tokens")}
  FROM (
    SELECT array_agg(user_id) AS people, array_agg(make_date(year, month, 1)) AS months
    FROM monthly_usage WHERE user_id = ANY (refresh_usage_limits.people)
  ) there CROSS JOIN LATERAL usage_limits(there.people, there.months) l
  WHERE m.user_id = l.user_id AND m.year = extract(year FROM l.month)::smallint AND m.month = extract(month FROM l.month)::smallint
    AND (m.limit_messages, m.limit_tokens) IS DISTINCT FROM (l.limit_messages, l.limit_tokens);
  IF FOUND THEN
    PERFORM raise_usage_alerts(people);
  END IF;
END $$
""",
    """
CREATE FUNCTION follow_subscription() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  PERFORM refresh_usage_limits(ARRAY[NEW.user_id]);
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER usage_limits AFTER INSERT OR UPDATE OF plan_code, custom_limits, valid_from ON subscriptions
FOR EACH ROW EXECUTE FUNCTION follow_subscription()
""",
    """
CREATE FUNCTION follow_plan_limits() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  PERFORM refresh_usage_limits(ARRAY(
    SELECT DISTINCT user_id FROM subscriptions WHERE plan_code IN (to_jsonb(OLD) ->> 'plan_code', to_jsonb(NEW) ->> 'plan_code')));
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER usage_limits AFTER INSERT OR UPDATE OR DELETE ON plan_limits
FOR EACH ROW EXECUTE FUNCTION follow_plan_limits()
""",
]

# A person's row is wide, has twenty checks and is read by everything; it is not rewritten for each of their events.
USER_TOTALS = """
CREATE VIEW user_totals WITH (security_invoker = true) AS
SELECT user_id, sum(total_messages)::bigint AS total_messages, sum(total_tokens)::bigint AS total_tokens_used,
  sum(total_cost) AS total_cost, max(last_interaction) AS last_interaction
FROM monthly_usage GROUP BY user_id
"""

# One row of all people's calls of an agent would make every writer wait for every other: the totals are added up instead.
AGENT_TOTALS = """
CREATE VIEW agent_totals WITH (security_invoker = true) AS
SELECT used.key::uuid AS agent_id, count(DISTINCT m.user_id) AS people, sum((used.value -> 'messages')::bigint)::bigint AS total_messages,
  sum((used.value -> 'tokens')::bigint)::bigint AS total_tokens, sum((used.value -> 'cost')::numeric) AS total_cost
FROM monthly_usage m CROSS JOIN LATERAL jsonb_each(m.agent_usage) used
GROUP BY used.key
"""

CUSTOM_LIMITS = (
    "jsonb_typeof(custom_limits) = 'object' AND custom_limits - '{messages,tokens,storage}'::text[] = '{}'"
    " AND NOT jsonb_path_exists(custom_limits,"
    """ '$.* ? (@.type() != "null" && (@.type() != "number" || @ < 0 || @ > 1e15 || @.floor() != @))')"""
)

# Those of an agent were 0 from the first day on; those of a person are in the view, and nothing else reads them.
LEFT_OUT = (
    ("agents", "total_uses"),
    ("agents", "total_messages"),
    ("users", "total_messages"),
    ("users", "total_tokens_used"),
    ("users", "last_interaction"),
)
INTERNAL = (
    "usage_limits(uuid[], date[])",
    "begin_usage_months(uuid[], date[])",
    "refresh_usage_limits(uuid[])",
    "follow_subscription()",
    "follow_plan_limits()",
    "raise_usage_alerts(uuid[])",
)


def upgrade() -> None:
    # At once and in the order of those who write usage: a lock that is made stronger on the way is a deadlock with them.
    op.execute("LOCK TABLE agents, users, monthly_usage IN ACCESS EXCLUSIVE MODE")
    op.create_table(
        "usage_alerts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("type", sa.String(length=50), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False, comment="per cent"),
        sa.Column("metric", sa.String(length=20), nullable=True),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("month", sa.SmallInteger(), nullable=False),
        sa.Column("triggered", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "type IN ('APPROACHING_LIMIT', 'LIMIT_WARNING', 'LIMIT_EXCEEDED', 'UNUSUAL_ACTIVITY')",
            name=op.f("ck_usage_alerts_type"),
        ),
        sa.CheckConstraint("metric IN ('messages', 'tokens', 'storage')", name=op.f("ck_usage_alerts_metric")),
        sa.CheckConstraint(
            "CASE type WHEN 'APPROACHING_LIMIT' THEN threshold = 80 AND metric IS NOT NULL"
            " WHEN 'LIMIT_WARNING' THEN threshold = 90 AND metric IS NOT NULL"
            " WHEN 'LIMIT_EXCEEDED' THEN threshold = 100 AND metric IS NOT NULL ELSE threshold > 0 AND metric IS NULL END",
            name=op.f("ck_usage_alerts_threshold"),
        ),
        sa.CheckConstraint("month BETWEEN 1 AND 12", name=op.f("ck_usage_alerts_month")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_usage_alerts_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_usage_alerts")),
        sa.UniqueConstraint(
            "user_id",
            "year",
            "month",
            "metric",
            "threshold",
            name=op.f("uq_usage_alerts_user_id_year_month_metric_threshold"),
        ),
    )
    protect("usage_alerts", {"cauce_user": (READ, OWN), "cauce_admin": (READ, ALL), "cauce_transform": (READ, ALL)})

    op.create_check_constraint(op.f("ck_users_custom_limits"), "users", CUSTOM_LIMITS, postgresql_not_valid=True)
    # NULL until it is counted: what is there already is recounted person by person after the revisions.
    op.add_column("monthly_usage", sa.Column("agent_usage", postgresql.JSONB(), nullable=True))
    op.add_column("monthly_usage", sa.Column("limit_messages", sa.BigInteger(), nullable=True))
    op.add_column("monthly_usage", sa.Column("limit_tokens", sa.BigInteger(), nullable=True))
    op.add_column(
        "monthly_usage",
        sa.Column("exceeded_limit", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "monthly_usage", sa.Column("warnings_sent", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("monthly_usage", sa.Column("last_interaction", sa.DateTime(timezone=True), nullable=True))
    # Triggers know their function by its identity.
    op.execute("-- squawk-ignore renaming-object\nALTER FUNCTION count_usage() RENAME TO update_usage_counters")
    for statement in FUNCTIONS:
        op.execute(statement)
    for function in INTERNAL:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    for view in (AGENT_TOTALS, USER_TOTALS):
        op.execute(view)
    op.execute("GRANT SELECT ON agent_totals, user_totals TO cauce_admin, cauce_transform")
    op.execute("GRANT SELECT ON user_totals TO cauce_user")
    for table, column in LEFT_OUT:
        op.execute(f"-- squawk-ignore ban-drop-column\nALTER TABLE {table} DROP COLUMN {column}")


def downgrade() -> None:
    before = {
        function.split("(")[0].split()[-1]: function
        for function in import_module("migrations.versions.2026_11_22_usage").FUNCTIONS
        if "CREATE FUNCTION" in function
    }
    for table, column in LEFT_OUT[:-1]:
        op.add_column(table, sa.Column(column, sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("users", sa.Column("last_interaction", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_users_totals"), "users", "total_messages >= 0 AND total_tokens_used >= 0")
    op.execute("GRANT SELECT (total_messages, total_tokens_used, last_interaction) ON users TO cauce_admin")
    op.execute(
        "UPDATE users u SET total_messages = t.total_messages, total_tokens_used = t.total_tokens_used,"
        " last_interaction = t.last_interaction FROM user_totals t WHERE t.user_id = u.id"
    )
    op.execute("DROP VIEW agent_totals, user_totals")
    op.execute("DROP TRIGGER usage_limits ON plan_limits")
    op.execute("DROP TRIGGER usage_limits ON subscriptions")
    op.execute("ALTER FUNCTION update_usage_counters() RENAME TO count_usage")
    for function in ("count_usage", "recount_usage"):
        op.execute(before[function].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1))
    for function in INTERNAL:
        op.execute(f"DROP FUNCTION {function}")
    for column in (
        "exceeded_limit",
        "warnings_sent",
        "last_interaction",
        "agent_usage",
        "limit_messages",
        "limit_tokens",
    ):
        op.drop_column("monthly_usage", column)
    op.drop_constraint(op.f("ck_users_custom_limits"), "users", type_="check")
    op.drop_table("usage_alerts")
