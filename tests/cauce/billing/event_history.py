"""Random histories of events that are late, repeated, reversed and priced anew, while months close."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from cauce.billing.closing import close_months
from cauce.billing.model_prices import add_price, end_price
from cauce.billing.months import month_after
from cauce.database import Database, Role
from ingest import load_file
from ingest.usage.reprice import Selection, reprice
from tests.conftest import make_person_in

BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
MONTHS = (date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1))
PEOPLE = ("ana@example.com", "luis@example.com")
MODELS = ("nobody-knows", "gpt-4o-mini")
FIGURES = "count(*), sum(total_tokens), coalesce(sum(total_cost), 0), count(*) FILTER (WHERE total_cost IS NULL)"
LEDGER = f"""
SELECT user_id, local_date, model, {FIGURES} FROM usage_logs WHERE local_date < %s GROUP BY 1, 2, 3
"""
PUBLISHED = """
SELECT user_id, local_date, model, sum(events), sum(total_tokens), coalesce(sum(total_cost), 0), sum(unknown_cost_events)
FROM published_usage GROUP BY 1, 2, 3
HAVING (sum(events), sum(total_tokens), coalesce(sum(total_cost), 0), sum(unknown_cost_events)) <> (0, 0, 0, 0)
"""
ROWS = 'SELECT p::text FROM published_usage p ORDER BY p::text COLLATE "C"'
COUNTED = """
SELECT user_id, year, month, total_messages, total_tokens, total_cost, unknown_cost_events
FROM month_totals WHERE total_messages <> 0
"""
RECOUNTED = f"""
SELECT user_id, extract(year FROM local_date), extract(month FROM local_date), {FIGURES} FROM usage_logs GROUP BY 1, 2, 3
"""
KNOWN = "SELECT event_id, total_tokens, total_cost FROM usage_logs"

numbers = st.integers(0, 7)
records = st.one_of(
    st.builds(lambda n, day: _event(n, f"2025-{1 + day // 28:02}-{1 + day % 28:02}"), numbers, st.integers(0, 83)),
    st.builds(lambda n: {"reverses": f"e{n}"}, numbers),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("load"), st.lists(records, min_size=1, max_size=5)),
        st.tuples(
            st.just("reprice"), st.tuples(st.sampled_from(MODELS), st.sampled_from([None, "0", "0.000001", "250000"]))
        ),
        st.tuples(st.just("close"), st.none()),
    ),
    max_size=9,
)


def _event(number: int, day: str) -> dict[str, Any]:
    """The same number on the same day is a duplicate, on another one a conflict."""
    return {
        "event_id": f"e{number}", "timestamp": f"{day}T18:00:00Z", "user": PEOPLE[number % 2],
        "agent": "a", "provider": "openai", "model": MODELS[number % 3 > 0],
        "input_tokens": 10 + number, "output_tokens": 1,
    }  # fmt: skip


EVENTFUL: list[tuple[str, Any]] = [
    ("load", [_event(0, "2025-01-05"), _event(1, "2025-01-31"), _event(2, "2025-02-01")]),
    ("close", None),
    ("load", [_event(3, "2025-01-05"), {"reverses": "e1"}, {"reverses": "e7"}, _event(2, "2025-02-01")]),
    ("reprice", ("nobody-knows", "250000")),
    ("reprice", ("gpt-4o-mini", "0.000001")),
    ("close", None),
    ("reprice", ("nobody-knows", None)),
    ("load", [{"reverses": "e2"}, {"reverses": "e0"}, _event(0, "2025-01-05"), _event(4, "2025-01-01")]),
]
"""Late, repeated, reversed and re-priced events on both sides of two closings."""


class EventHistory:
    """A database to which a history happens, and a simple account of which events should be there."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database, self.home = database, home
        self.closed: list[date] = []
        self.published: list[str] = []
        self.known: dict[str, int] = {}
        self.reversed: set[str] = set()
        self.files = 0
        self.prices: dict[str, UUID] = {}
        for email in PEOPLE:
            make_person_in(database, email)

    def step(self, kind: str, what: Any) -> None:
        if kind == "load":
            self.load(what)
        elif kind == "reprice":
            self.reprice(*what)
        elif len(self.closed) < len(MONTHS):
            self.close()

    def load(self, found: list[dict[str, Any]]) -> None:
        path = self.home / f"{self.files}.jsonl"
        path.write_text("".join(f"{json.dumps({**record, 'extra': self.files})}\n" for record in found))
        self.files += 1
        for record in found:
            if "event_id" in record:
                self.known.setdefault(record["event_id"], record["input_tokens"] + 1)
        self.reversed |= {record["reverses"] for record in found if "reverses" in record} & self.known.keys()
        load_file(self.database, path)

    def reprice(self, model: str, price: str | None) -> None:
        with self.database.transaction(Role.OWNER) as conn:
            if model in self.prices:
                end_price(conn, self.prices.pop(model), BEGINNING)
            if price is not None:
                wanted = {"input_price": Decimal(price), "output_price": Decimal(price)}
                self.prices[model] = add_price(conn, "openai", model, wanted, valid_from=BEGINNING)
        reprice(self.database, Selection(model=model))

    def close(self) -> None:
        month = MONTHS[len(self.closed)]
        with self.database.transaction(Role.OWNER) as conn:
            close_months(conn, month)
        self.closed.append(month)
        now = [row[0] for row in self.ask(ROWS)]
        assert set(self.published) <= set(now), "what was published has changed"
        self.published = now
        assert sorted(self.ask(PUBLISHED), key=str) == sorted(self.ask(LEDGER, (month_after(month),)), key=str)

    def check(self) -> None:
        assert [row[0] for row in self.ask(ROWS)] == self.published, "what was published has changed"
        assert sorted(map(_exact, self.ask(COUNTED))) == sorted(map(_exact, self.ask(RECOUNTED)))
        live = {event: tokens for event, tokens in self.known.items() if event not in self.reversed}
        assert {event: tokens for event, tokens, _ in self.ask(KNOWN)} == live

    def ask(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self.database.transaction(Role.OWNER) as conn:
            return conn.execute(query.encode(), values).fetchall()


def _exact(row: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(f"{value.normalize():f}" if isinstance(value, Decimal) else str(value) for value in row)
