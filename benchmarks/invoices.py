"""What billing a year costs: the drafts of its last month, in scans of all usage that was published.

    python -m benchmarks.invoices --rounds 5

500 people use two models every day of a year, whose months are closed. Drafts look for what was published later of each
earlier month, so they read all of it: at most ten times as long as one sum by person and month over the same rows.
The two take turns in one transaction each, which is taken back; the median of the rounds' ratios is what counts.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import date

import psycopg

from benchmarks.usage_events import PEOPLE
from benchmarks.usage_load import scratch_database
from cauce.billing.closing import close_months
from cauce.billing.drafts import draft
from cauce.database import Database, Role

AT_MOST = 10
DECEMBER = date(2025, 12, 1)
PREPARE = [
    "DELETE FROM users",
    """
    INSERT INTO users (id, email, subscription_tier)
    SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, n || '@example.com', 'PRO'
    FROM generate_series(1, {people}) AS n
    """,
    "DELETE FROM subscriptions",
    """
    INSERT INTO subscriptions (user_id, plan_code, valid_from, currency, amount, billing_interval)
    SELECT id, 'PRO', '2025-01-01', 'MXN', 499, 'month' FROM users
    """,
    "INSERT INTO agents (name, slug) VALUES ('bench', 'bench')",
    "SELECT ensure_month_partitions('2025-01-01', '2026-01-01')",
    """
    INSERT INTO usage_logs (user_id, timestamp, agent_id, source, event_id, provider, model, tokens_input,
      tokens_output, total_tokens, total_cost, local_date)
    SELECT u.id, day + interval '18 hours', a.id, 'bench', u.email || day || used, 'openai', used, 1000,
      100, 1100, 0.01, day::date
    FROM users u
    CROSS JOIN agents a
    CROSS JOIN generate_series('2025-01-01'::timestamp, '2025-12-31', interval '1 day') AS day
    CROSS JOIN unnest(ARRAY['gpt-4o', 'gpt-4o-mini']) AS used
    """,
]
SUM = """
SELECT user_id, date_trunc('month', local_date::timestamp)::date AS month, sum(events), sum(total_tokens)
FROM published_usage GROUP BY 1, 2
"""


def seconds(database: Database, work: Callable[[psycopg.Connection], object]) -> float:
    """How long it takes, taken back afterwards."""
    with database.transaction(Role.OWNER) as conn:
        began = time.perf_counter()
        work(conn)
        took = time.perf_counter() - began
        conn.rollback()
    return took


def main() -> None:
    """Measure and print a small table; says no by its exit when the bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with scratch_database() as database:
        with database.transaction(Role.OWNER) as conn:
            for statement in PREPARE:
                conn.execute(statement.format(people=PEOPLE).encode())
        with database.transaction(Role.OWNER) as conn:
            closed = close_months(conn, DECEMBER)
        with database.transaction(Role.OWNER) as conn:
            conn.execute("ANALYZE")
        pairs = [
            (seconds(database, lambda conn: conn.execute(SUM)), seconds(database, lambda conn: draft(conn, DECEMBER)))
            for _ in range(rounds)
        ]
    plain, drafts = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(after / before for before, after in pairs)
    print(f"{PEOPLE:,} people, {sum(month.rows for month in closed):,} published rows")
    print(f"plain sum {plain:.2f} s, drafts {drafts:.2f} s, ratio {ratio:.1f}, at most {AT_MOST}")
    if ratio > AT_MOST:
        raise SystemExit("drafts are too slow for what they read")


if __name__ == "__main__":
    main()
