"""Every figure of every mart against SQL written by hand over the operational tables."""

from decimal import Decimal

import pytest

from cauce.database import Database, Role
from tests.expectations.world import ANA, id_of, rows

BY_HAND = {
    "usage_daily": """
        SELECT user_id, local_date, agent_id, coalesce(provider, 'unknown'), model, count(*),
          count(*) FILTER (WHERE NOT success), sum(tokens_input), sum(tokens_output), sum(tokens_cache_read),
          sum(tokens_cache_write), sum(tokens_reasoning), sum(total_tokens), sum(total_cost),
          count(*) FILTER (WHERE total_cost IS NULL)
        FROM usage_logs GROUP BY 1, 2, 3, 4, 5""",
    "billing_monthly": """
        SELECT user_id, date_trunc('month', local_date)::date, date_trunc('month', local_date)::date, agent_id,
          coalesce(provider, 'unknown'), model, count(*), sum(tokens_input), sum(tokens_output), sum(total_tokens),
          sum(total_cost), count(*) FILTER (WHERE total_cost IS NULL), 'USD', false,
          date_trunc('month', local_date) < '2025-03-01'
        FROM usage_logs GROUP BY 1, 2, 4, 5, 6, 15""",
    "latency_daily": """
        SELECT day::date, (SELECT id FROM agents WHERE slug = 'asistente'), provider, model, calls::bigint, failed::bigint,
          unmeasured::bigint, p50::numeric(18, 3), p95::numeric(18, 3), rate::numeric(9, 8)
        FROM (VALUES
          ('2025-02-10', 'openai', 'gpt', 12, 0, 0, 100, 100, 0),
          ('2025-02-28', 'openai', 'gpt', 11, 0, 0, 200, 200, 0),
          ('2025-03-01', 'openai', 'gpt', 25, 12, 0, 300, 500, 0.48),
          ('2025-03-02', 'unknown', 'unknown', 12, 0, 12, NULL, NULL, 0)
        ) AS by_hand (day, provider, model, calls, failed, unmeasured, p50, p95, rate)""",
    "revenue_monthly": """
        SELECT month::date, 'MXN', mrr, mrr_before, new, expansion, reactivation, contraction, churned, mrr * 12, people::bigint,
          people_before::bigint, gone::bigint, round(mrr / people, 12), round(gone::numeric / nullif(people_before, 0), 6),
          round(churned / nullif(mrr_before, 0), 6)
        FROM (VALUES
          ('2025-01-01', 897, 0::numeric, 897, 0, 0, 0, 0, 3, 0, 0),
          ('2025-02-01', 698, 897, 0, 300, 0, 0, 499, 2, 3, 1),
          ('2025-03-01', 698 + 165.833333333333, 698, 165.833333333333, 0, 0, 0, 0, 3, 2, 0)
        ) AS by_hand (month, mrr, mrr_before, new, expansion, reactivation, contraction, churned, people, people_before, gone)""",
    "cash_flow_monthly": """
        SELECT user_id, date_trunc('month', date)::date, currency, sum(greatest(amount, 0)), -sum(least(amount, 0)),
          sum(amount), count(*)
        FROM transactions WHERE type <> 'transfer' GROUP BY 1, 2, 3""",
    "spending_monthly": """
        SELECT user_id, date_trunc('month', date)::date, category, currency, -sum(amount), count(*)
        FROM transactions WHERE type = 'expense' GROUP BY 1, 2, 3, 4""",
    "account_balances": """
        SELECT user_id, id, name, type, institution, account_mask, currency, balance, balance_at
        FROM financial_accounts WHERE is_active""",
    "cash_flow_population": """
        SELECT '2025-03-01'::date, currency, 12::bigint, sum(greatest(amount, 0)) / 12, -sum(least(amount, 0)) / 12,
          sum(amount) / 12
        FROM transactions WHERE type <> 'transfer' AND date >= '2025-03-01' GROUP BY currency""",
    "measurement_readings": """
        SELECT user_id, id, type, measured_at, local_date,
          CASE type WHEN 'weight' THEN (value ->> 'kg')::numeric ELSE (value ->> 'systolic')::numeric END,
          (value ->> 'diastolic')::numeric, CASE type WHEN 'weight' THEN 'kg' ELSE 'mmHg' END
        FROM health_measurements""",
    "measurements_latest": """
        SELECT user_id, id, type, measured_at, local_date,
          coalesce(value ->> 'kg', value ->> 'systolic')::numeric, (value ->> 'diastolic')::numeric,
          CASE type WHEN 'weight' THEN 'kg' ELSE 'mmHg' END
        FROM health_measurements WHERE measured_at = '2025-03-08 12:00+00'""",
    "adherence_population": """
        SELECT '2025-03-01'::date, 12::bigint, sum(scheduled)::bigint, sum(taken)::bigint,
          (sum(taken)::numeric / sum(scheduled))::numeric(38, 6)
        FROM marts.adherence_daily""",
}

MARGINS = """
WITH earned (email, month, plan_code, revenue) AS (VALUES
  ('ana@example.com', '2025-01-01', 'BASIC', 199 * 17 / 31.0),
  ('beto@example.com', '2025-01-01', 'BASIC', 199 * 17 / 31.0),
  ('p03@example.com', '2025-01-01', 'PRO', 499 * 17 / 31.0),
  ('ana@example.com', '2025-02-01', 'BASIC', 199 + 1.75 * 20),
  ('beto@example.com', '2025-02-01', 'PRO', 199 * 9 / 28.0 + 499 * 19 / 28.0 + 1.75 * 20),
  ('p03@example.com', '2025-02-01', 'PRO', 499 * 26 / 28.0),
  ('ana@example.com', '2025-03-01', 'BASIC', 199 * 10 / 31.0),
  ('beto@example.com', '2025-03-01', 'PRO', 499 * 10 / 31.0 - 0.5 * 25),
  ('p04@example.com', '2025-03-01', 'BASIC', 1990 * 10 / 365.0)
),
plans AS (SELECT id AS user_id, month::date, plan_code, round(revenue, 12) AS revenue FROM earned JOIN users USING (email)),
calls AS (
  SELECT user_id, date_trunc('month', local_date)::date AS month, agent_id, coalesce(provider, 'unknown') AS provider, model,
    count(*) AS events, count(*) FILTER (WHERE total_cost IS NULL) AS unknown, coalesce(sum(total_cost), 0) AS usd,
    coalesce(sum(total_cost * CASE WHEN local_date < '2025-03-01' THEN 20 ELSE 25 END), 0) AS mxn
  FROM usage_logs GROUP BY 1, 2, 3, 4, 5
)
SELECT month, user_id, plan_code, agent_id, coalesce(provider, 'none'), coalesce(model, 'none'), coalesce(events, 0),
  coalesce(unknown, 0), brought, coalesce(usd, 0), coalesce(mxn, 0), brought - coalesce(mxn, 0)
FROM calls FULL JOIN plans USING (user_id, month),
  LATERAL (SELECT CASE WHEN model = 'unknown' THEN 0 ELSE coalesce(revenue, 0) END AS brought) AS shared
"""
"""Plans are earned by the day, costs turned into pesos at the rate of each day: 20, from March on 25. Usage beyond
the plan counts in the month of its invoice, less what was granted; what a credit note gave back, when it was issued."""

BUDGETS = [
    ("mes", "2025-02-01", "2025-02-28", 300, "0.260813", "ok", False),
    ("mes", "2025-03-01", "2025-03-31", "850.25", "0.739187", "ok", True),
    ("quincena", "2025-02-20", "2025-02-28", 300, "0.3", "ok", False),
    ("quincena", "2025-03-01", "2025-03-15", "850.25", "0.85025", "warning", True),
    ("semana", "2025-02-24", "2025-03-02", 91, "1.011111", "exceeded", False),
    ("semana", "2025-03-03", "2025-03-07", 0, 0, "ok", False),
    ("trimestre", "2025-01-01", "2025-03-31", 91, "0.91", "warning", True),
]
"""Of every person with money in February."""

ADHERENCE = [
    ("Ibuprofeno", "2025-03-09", 0, 0, 0, 0, 1, None),
    ("Metformina", "2025-03-08", 3, 2, 1, 1, 0, "0.666667"),
    ("Metformina", "2025-03-09", 3, 0, 0, 3, 0, "0"),
    ("Metformina", "2025-03-10", 1, 1, 0, 0, 0, "1"),
    ("Vitamina", "2025-03-08", 1, 1, 0, 0, 0, "1"),
    ("Vitamina", "2025-03-09", 1, 1, 0, 0, 0, "1"),
]
"""Of Ana: noon of 10 March is a third of three doses; the weekly vitamin of that Monday is not missed before night."""


@pytest.mark.parametrize("mart", BY_HAND)
def test_a_mart_equals_sql_over_the_operational_tables(world: Database, mart: str) -> None:
    published = rows(world, f"SELECT * FROM marts.{mart}")
    assert published
    assert sorted(map(_plain, published)) == sorted(map(_plain, rows(world, BY_HAND[mart])))


def test_margins_of_everybody(world: Database) -> None:
    published = rows(world, "SELECT * FROM marts.margin_monthly")
    assert published
    assert sorted(map(_plain, published)) == sorted(map(_plain, rows(world, MARGINS, Role.OWNER)))


def test_budgets_by_period(world: Database) -> None:
    found = rows(
        world,
        f"""SELECT name, period_start, period_end, spent, used_ratio, status, is_current FROM marts.budget_status
        WHERE user_id = '{id_of(world, ANA)}' ORDER BY name, period_start""",
    )
    expected = rows(
        world,
        "SELECT * FROM (VALUES "
        + ", ".join(f"('{n}', '{a}'::date, '{b}'::date, {s}, {r}, '{st}', {c})" for n, a, b, s, r, st, c in BUDGETS)
        + ") AS by_hand",
    )
    assert [_plain(row) for row in found] == [_plain(row) for row in expected]


def test_adherence_by_day(world: Database) -> None:
    found = rows(
        world,
        f"""SELECT medication, local_date, scheduled, taken, late, missed, as_needed_taken, adherence_ratio
        FROM marts.adherence_daily WHERE user_id = '{id_of(world, ANA)}' ORDER BY 1, 2""",
    )
    assert [_plain(row) for row in found] == [_plain(row) for row in ADHERENCE]


def test_the_same_dose_lies_on_another_day_in_another_zone(world: Database) -> None:
    """05:30 UTC on the 9th is still the 8th in Mexico City, and already the 9th in Madrid."""
    days = rows(
        world,
        """SELECT l.timezone, count(*) FROM marts.adherence_daily a
        JOIN user_timezones l USING (user_id)
        WHERE medication = 'Metformina' AND local_date = '2025-03-08' AND scheduled = 3 AND missed = 1 GROUP BY 1""",
    )
    assert sorted(days, key=str) == [("America/Mexico_City", 11), ("Europe/Madrid", 1)]


def test_months_with_nine_people_are_not_shown(world: Database) -> None:
    assert rows(world, "SELECT DISTINCT month::text FROM marts.cash_flow_population") == [("2025-03-01",)]
    assert rows(world, "SELECT count(DISTINCT user_id) FROM transactions WHERE date < '2025-03-01'") == [(9,)]


def _plain(row: tuple[object, ...]) -> tuple[object, ...]:
    """Numbers by value, exactly, whatever their type and scale."""
    numbers = (int, Decimal)
    return tuple(
        f"{Decimal(value):f}".rstrip("0").rstrip(".")
        if isinstance(value, numbers) and not isinstance(value, bool) and "." in f"{Decimal(value):f}"
        else str(value)
        for value in row
    )
