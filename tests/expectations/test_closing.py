"""Closing a month and then sending late events leaves every published figure of it unchanged."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl

from cauce.billing.closing import close_months
from cauce.billing.corrections import credit
from cauce.billing.focus import export_focus
from cauce.billing.issuing import finalize
from cauce.billing.model_prices import add_price
from cauce.database import Database, Role
from expectations.audit import check
from expectations.build import build
from expectations.fingerprint import DBT_PROJECT
from expectations.publish import publish
from ingest import load_file
from ingest.usage.reprice import Selection, reprice
from tests.expectations.world import ANA, BETO, id_of, rows
from tests.ingest.inputs import event, write_events

STAY = {"billing_monthly", "billable_daily", "margin_monthly", "mrr_movements", "revenue_monthly"}
"""What is published of a closed month, each with its `month`."""

LIVE = {
    "usage_daily": "what was used, as it is known today, as counters and limits are; billable_daily is what was published",
    "latency_daily": "how long calls took, of all of them",
    "reconciliation_daily": "the ledger as it is against reports, which come late themselves",
    "unusual_activity": "what somebody used against their own days before",
    "usage_forecast": "of the month under way, which cannot be closed",
}
"""Why it speaks of calls that come after a month was closed."""

FIGURES = "SELECT m::text FROM marts.{mart} m WHERE month <= '{month}' ORDER BY 1"
ADJUSTMENTS = """
SELECT month::text, applies_to::text, model, events, total_tokens, total_cost, unknown_cost_events, is_published
FROM marts.billing_monthly WHERE is_adjustment ORDER BY model
"""
LIVE_FIGURES = """
SELECT sum(events)::int, sum(total_tokens)::int, sum(total_cost) FROM marts.usage_daily WHERE user_id = '{ana}'
"""
INVOICE = "SELECT number FROM invoices WHERE kind = 'invoice' AND user_id = '{person}' AND period_start = '2025-02-01'"
APRIL, MAY = datetime(2025, 4, 10, 18, tzinfo=UTC), datetime(2025, 5, 10, 18, tzinfo=UTC)


def renew(database: Database, as_of: datetime) -> None:
    assert not build(database, as_of=as_of).skipped
    assert check(database).failures == []
    assert publish(database).published


def close(database: Database, month: str) -> None:
    with database.transaction(Role.OWNER) as conn:
        close_months(conn, date.fromisoformat(month))


def figures(database: Database, month: str) -> dict[str, list[tuple[object, ...]]]:
    """Everything that is published of a month and those before it."""
    return {mart: rows(database, FIGURES.format(mart=mart, month=month)) for mart in STAY}


def test_every_mart_of_usage_and_billing_stays_or_says_why_not() -> None:
    marts = {path.stem for domain in ("usage", "billing") for path in DBT_PROJECT.glob(f"marts/{domain}/*.sql")}
    assert marts == STAY | LIVE.keys()
    assert not STAY & LIVE.keys()


def test_a_closed_month_stays_and_what_came_later_names_it(copy: Database, tmp_path: Path) -> None:
    day = "2025-03-{:02}T18:00:00Z".format
    mine = [event(n, timestamp=day(n), model="nobody-knows") for n in (1, 2)]
    ours = event(4, timestamp=day(4), model="our-model")
    load_file(copy, write_events(tmp_path / "march.jsonl", [*mine, ours]))
    close(copy, "2025-03-01")
    with copy.transaction(Role.OWNER) as conn:
        assert finalize(conn, date(2025, 3, 1), at=datetime(2025, 4, 2, tzinfo=UTC)).count
    renew(copy, APRIL)
    closed = figures(copy, "2025-03-01")
    assert all(closed.values())
    export_focus(copy, date(2025, 3, 1), tmp_path / "before.csv")
    assert rows(copy, ADJUSTMENTS) == []
    ana = id_of(copy, ANA)
    [(events, tokens, cost)] = rows(copy, LIVE_FIGURES.format(ana=ana))

    late = event(3, timestamp=day(3), model="nobody-knows-this-either")
    load_file(copy, write_events(tmp_path / "late.jsonl", [late, {"reverses": "e2"}, mine[0]]))
    [(number,)] = rows(copy, INVOICE.format(person=id_of(copy, BETO)), Role.OWNER)
    with copy.transaction(Role.OWNER) as conn:
        prices = {"input_price": Decimal(10000), "output_price": Decimal(0)}
        add_price(conn, "openai", "our-model", prices, valid_from=datetime(2025, 3, 1, tzinfo=UTC))
        credit(conn, str(number), amount=Decimal(1))
    assert reprice(copy, Selection(model="our-model")).total.changed == 1
    renew(copy, APRIL)

    assert figures(copy, "2025-03-01") == closed
    export_focus(copy, date(2025, 3, 1), tmp_path / "after.csv")
    export_focus(copy, date(2025, 4, 1), tmp_path / "april.csv")
    assert (tmp_path / "after.csv").read_bytes() == (tmp_path / "before.csv").read_bytes()
    assert set(pl.read_csv(tmp_path / "april.csv")["ChargeClass"]) == {"Correction"}
    adjustments = [
        ("2025-04-01", "2025-03-01", "nobody-knows", -1, -112, None, -1),
        ("2025-04-01", "2025-03-01", "nobody-knows-this-either", 1, 113, None, 1),
        ("2025-04-01", "2025-03-01", "our-model", 0, 0, Decimal("1.04"), -1),
    ]
    assert rows(copy, ADJUSTMENTS) == [(*row, False) for row in adjustments]
    # The days are live: they tell what was used.
    live = [(events, int(str(tokens)) + 1, Decimal(str(cost)) + Decimal("1.04"))]
    assert rows(copy, LIVE_FIGURES.format(ana=ana)) == live

    close(copy, "2025-04-01")
    renew(copy, MAY)
    assert figures(copy, "2025-03-01") == closed
    assert rows(copy, ADJUSTMENTS) == [(*row, True) for row in adjustments]
