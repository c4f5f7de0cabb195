"""Closing a month and then sending late events leaves every published figure of it unchanged."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl

from cauce.billing.closing import close_months
from cauce.billing.focus import export_focus
from cauce.database import Database, Role
from expectations.audit import check
from expectations.build import build
from expectations.publish import publish
from ingest import load_file
from tests.expectations.world import ANA, AS_OF, id_of, rows
from tests.ingest.inputs import event, write_events

FIGURES = "SELECT b::text FROM marts.billing_monthly b WHERE month <= '{month}' ORDER BY 1"
ADJUSTMENTS = """
SELECT month::text, applies_to::text, model, events, total_tokens, total_cost, unknown_cost_events, is_published
FROM marts.billing_monthly WHERE is_adjustment ORDER BY model
"""
LIVE = """
SELECT sum(events)::int, sum(total_tokens)::int, sum(total_cost) FROM marts.usage_daily WHERE user_id = '{ana}'
"""
REPRICE = """
UPDATE usage_logs SET total_cost = total_cost + 1 WHERE source = 'world' AND local_date = '2025-02-10' AND user_id = %s
"""


def renew(database: Database) -> None:
    assert not build(database, as_of=AS_OF).skipped
    assert check(database).failures == []
    assert publish(database).published


def close(database: Database, month: str) -> None:
    with database.transaction(Role.OWNER) as conn:
        close_months(conn, date.fromisoformat(month))


def test_a_closed_month_stays_and_what_came_later_names_it(copy: Database, tmp_path: Path) -> None:
    day = "2025-03-{:02}T18:00:00Z".format
    mine = [event(n, timestamp=day(n), model="nobody-knows") for n in (1, 2)]
    load_file(copy, write_events(tmp_path / "march.jsonl", mine))
    close(copy, "2025-03-01")
    renew(copy)
    closed = rows(copy, FIGURES.format(month="2025-03-01"))
    export_focus(copy, date(2025, 3, 1), tmp_path / "before.csv")
    assert rows(copy, "SELECT DISTINCT is_published FROM marts.billing_monthly") == [(True,)]
    assert rows(copy, ADJUSTMENTS) == []
    ana = id_of(copy, ANA)
    [(events, tokens, cost)] = rows(copy, LIVE.format(ana=ana))

    late = event(3, timestamp=day(3), model="nobody-knows-this-either")
    load_file(copy, write_events(tmp_path / "late.jsonl", [late, {"reverses": "e2"}, mine[0]]))
    with copy.transaction(Role.OWNER) as conn:
        conn.execute(REPRICE, (ana,))
    renew(copy)

    assert rows(copy, FIGURES.format(month="2025-03-01")) == closed
    export_focus(copy, date(2025, 3, 1), tmp_path / "after.csv")
    export_focus(copy, date(2025, 4, 1), tmp_path / "april.csv")
    assert (tmp_path / "after.csv").read_bytes() == (tmp_path / "before.csv").read_bytes()
    assert set(pl.read_csv(tmp_path / "april.csv")["ChargeClass"]) == {"Correction"}
    adjustments = [
        ("2025-04-01", "2025-02-01", "gpt", 0, 0, Decimal(1), 0),
        ("2025-04-01", "2025-03-01", "nobody-knows", -1, -112, None, -1),
        ("2025-04-01", "2025-03-01", "nobody-knows-this-either", 1, 113, None, 1),
    ]
    assert rows(copy, ADJUSTMENTS) == [(*row, False) for row in adjustments]
    # The days are live: they tell what was used.
    assert rows(copy, LIVE.format(ana=ana)) == [(events, int(str(tokens)) + 1, Decimal(str(cost)) + 1)]

    close(copy, "2025-04-01")
    renew(copy)
    assert rows(copy, FIGURES.format(month="2025-03-01")) == closed
    assert rows(copy, ADJUSTMENTS) == [(*row, True) for row in adjustments]
