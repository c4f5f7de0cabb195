"""Over random histories of events and plans, what is published adds up, and what was published of closed months stays."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from cauce.database import Database, Role
from expectations.audit import check
from expectations.build import build
from expectations.publish import publish
from tests.cauce.billing.event_history import EVENTFUL, PEOPLE, EventHistory, steps
from tests.cauce.billing.history import Period, plans_in
from tests.conftest import drop_database
from tests.expectations.test_closing import figures
from tests.expectations.world import rows

AS_OF = datetime(2025, 5, 10, 18, tzinfo=UTC)
CUTS = ("2025-01-03", "2025-01-31", "2025-02-14", "2025-04-01", "2025-05-02")
USED = "sum(events), sum(total_tokens), coalesce(sum(total_cost), 0), sum(unknown_cost_events)"
LEDGER = """
SELECT user_id, date_trunc('month', local_date)::date, count(*), sum(total_tokens), coalesce(sum(total_cost), 0),
  count(*) FILTER (WHERE total_cost IS NULL)
FROM usage_logs GROUP BY 1, 2 ORDER BY 1, 2
"""
DAYS = (
    f"SELECT user_id, date_trunc('month', usage_date)::date, {USED} FROM marts.usage_daily GROUP BY 1, 2 ORDER BY 1, 2"
)
BILLED = f"""
SELECT user_id, applies_to, {USED} FROM marts.billing_monthly GROUP BY 1, 2
HAVING ({USED}) <> (0, 0, 0, 0) ORDER BY 1, 2
"""
PUBLISHED = "SELECT count(*), sum(events), sum(total_tokens), sum(total_cost) FROM {}"
REVENUE = """
SELECT mrr, sum(new_mrr + expansion_mrr + reactivation_mrr - contraction_mrr - churned_mrr) OVER (ORDER BY month)
FROM marts.revenue_monthly ORDER BY month
"""
PAYING = "SELECT sum(CASE billing_interval WHEN 'year' THEN amount / 12 ELSE amount END) FROM subscriptions WHERE valid_to IS NULL"

plans = st.lists(
    st.sampled_from([("BASIC", 199, "month"), ("PRO", 499, "month"), ("PRO", 4800, "year"), ("FREE", 0, "month")]),
    min_size=1,
    max_size=len(CUTS),
)


def periods(chosen: Sequence[tuple[str, int, str]]) -> list[Period]:
    """The plans one after another, a change on each of the days of `CUTS`; the last one stays."""
    ends = [*CUTS[1 : len(chosen)], None]
    return [
        (plan, since, until, amount, interval)
        for (plan, amount, interval), since, until in zip(chosen, CUTS, ends, strict=False)
    ]


@settings(
    max_examples=2,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # each takes half a minute
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=steps, bought=st.tuples(plans, plans))
@example(
    steps=EVENTFUL,
    bought=([("BASIC", 199, "month"), ("PRO", 4800, "year")], [("PRO", 499, "month"), ("FREE", 0, "month")]),
)
def test_what_is_published_adds_up_and_closed_months_stay(
    new_database: Callable[[Path], Database], steps: list[tuple[str, Any]], bought: Sequence[list[tuple[str, int, str]]]
) -> None:
    with TemporaryDirectory() as home:
        database = new_database(Path(home))
        try:
            history = EventHistory(database, Path(home))
            with database.transaction(Role.OWNER) as conn:
                for email, chosen in zip(PEOPLE, bought, strict=True):
                    plans_in(conn, email, periods(chosen))
            for kind, what in steps[: len(steps) // 2]:
                history.step(kind, what)
            add_up(database)
            closed = f"{history.closed[-1]}" if history.closed else "2000-01-01"
            before = figures(database, closed)
            for kind, what in steps[len(steps) // 2 :]:
                history.step(kind, what)
            add_up(database)
            assert figures(database, closed) == before
        finally:
            drop_database(database)


def add_up(database: Database) -> None:
    """Build, audit and publish, and hold what is published against the operational tables."""
    build(database, as_of=AS_OF)
    assert check(database).failures == []
    assert publish(database).published
    ledger = rows(database, LEDGER)
    assert rows(database, DAYS) == ledger
    assert rows(database, BILLED) == ledger
    billed = rows(database, PUBLISHED.format("marts.billable_daily WHERE is_published"))
    assert billed == rows(database, PUBLISHED.format("published_usage"))
    revenue = rows(database, REVENUE)
    assert all(mrr == moved for mrr, moved in revenue)
    [(paying,)] = rows(database, PAYING, Role.OWNER)
    assert (revenue[-1][0] if revenue else 0) == paying
