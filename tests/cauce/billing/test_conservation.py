"""Whatever happens to events, and whenever months close: the ledger is what was published and what is not yet."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cauce.billing.closing import close_months
from cauce.billing.months import month_after
from cauce.database import Database, Role
from ingest import load_file
from tests.conftest import drop_database, make_person_in

MONTHS = (date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1))
PEOPLE = ("ana@example.com", "luis@example.com")
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
REPRICE = "UPDATE usage_logs SET total_cost = %s WHERE source = 'cauce' AND event_id = %s"
KNOWN = "SELECT event_id, total_tokens, total_cost FROM usage_logs"

numbers = st.integers(0, 7)
records = st.one_of(
    st.builds(lambda n, day: _event(n, f"2025-{1 + day // 28:02}-{1 + day % 28:02}"), numbers, st.integers(0, 83)),
    st.builds(lambda n: {"reverses": f"e{n}"}, numbers),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("load"), st.lists(records, min_size=1, max_size=5)),
        st.tuples(st.just("reprice"), st.tuples(numbers, st.sampled_from([None, "0", "0.25", "7.000000000001"]))),
        st.tuples(st.just("close"), st.none()),
    ),
    max_size=9,
)


def _event(number: int, day: str) -> dict[str, Any]:
    """The same number on the same day is a duplicate, on another one a conflict."""
    return {
        "event_id": f"e{number}", "timestamp": f"{day}T18:00:00Z", "user": PEOPLE[number % 2],
        "agent": "a", "provider": "openai", "model": "gpt-4o-mini" if number % 3 else "nobody-knows",
        "input_tokens": 10 + number, "output_tokens": 1,
    }  # fmt: skip


EVENTFUL: list[tuple[str, Any]] = [
    ("load", [_event(0, "2025-01-05"), _event(1, "2025-01-31"), _event(2, "2025-02-01")]),
    ("close", None),
    ("load", [_event(3, "2025-01-05"), {"reverses": "e1"}, {"reverses": "e7"}, _event(2, "2025-02-01")]),
    ("reprice", (0, "0.25")),
    ("reprice", (2, None)),
    ("close", None),
    ("load", [{"reverses": "e2"}, {"reverses": "e0"}, _event(0, "2025-01-05"), _event(4, "2025-01-01")]),
]
"""Late, repeated, reversed and re-priced events on both sides of two closings."""


class History:
    """A database to which a history happens, and a simple account of which events should be there."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database, self.home = database, home
        self.closed: list[date] = []
        self.published: list[str] = []
        self.known: dict[str, int] = {}
        self.reversed: set[str] = set()
        self.files = 0
        for email in PEOPLE:
            make_person_in(database, email)

    def step(self, kind: str, what: Any) -> None:
        if kind == "load":
            self.load(what)
        elif kind == "reprice":
            self.ask(REPRICE, (what[1], f"e{what[0]}"), answers=False)
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

    def ask(self, query: str, values: tuple[Any, ...] = (), *, answers: bool = True) -> list[tuple[Any, ...]]:
        with self.database.transaction(Role.OWNER) as conn:
            done = conn.execute(query.encode(), values)
            return done.fetchall() if answers else []


def _exact(row: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(f"{value.normalize():f}" if isinstance(value, Decimal) else str(value) for value in row)


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
@example(steps=EVENTFUL)
def test_no_event_is_lost_between_what_was_published_and_what_is_not(
    new_database: Callable[[Path], Database], steps: list[tuple[str, Any]]
) -> None:
    with TemporaryDirectory() as home:
        database = new_database(Path(home))
        try:
            history = History(database, Path(home))
            for kind, what in steps:
                history.step(kind, what)
                history.check()
            while len(history.closed) < len(MONTHS):
                history.close()
            history.check()
        finally:
            drop_database(database)
