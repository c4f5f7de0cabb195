"""Pricing anew what is loaded: exactly what each event alone costs, told before it is written, and never twice."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cauce.billing.model_prices import add_price, end_price
from cauce.database import Database, Role
from cauce.errors import FatalError
from ingest import load_file, load_paths
from ingest.usage.overrides import load_overrides
from ingest.usage.pricing import price
from ingest.usage.reprice import Repricing, Selection, reprice
from tests.ingest.inputs import contents

START = datetime(2026, 1, 1, tzinfo=UTC)
ALL = Selection()
PEOPLE = ("ana@example.com", "luis@example.com", "eva@example.com")
MODELS = (
    ("openai", "gpt-4o"),
    ("openai", "o3"),
    ("anthropic", "claude-sonnet-4-5"),
    ("us", "our-model"),
    (None, "our-model"),
)


def load(db: Database, folder: Path, events: Sequence[dict[str, Any]]) -> None:
    path = folder / "usage.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    report = load_file(db, path, create_user=True)
    assert report.loaded == len(events), report


def event(number: int, at: datetime = START, **columns: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "user": PEOPLE[0],
        "provider": "openai",
        "model": "gpt-4o",
        "input_tokens": 10**6,
        "output_tokens": 0,
    }
    return {"event_id": f"e{number}", "timestamp": at.isoformat(), **given, **columns}


def own(db: Database, provider: str, model: str, days: int, until: int | None = None, **prices: str) -> UUID:
    with db.transaction(Role.OWNER) as conn:
        return add_price(
            conn,
            provider,
            model,
            {f"{unit}_price": Decimal(amount) for unit, amount in prices.items()},
            valid_from=START + timedelta(days=days),
            valid_to=None if until is None else START + timedelta(days=until),
        )


def query(db: Database, statement: str) -> list[tuple[Any, ...]]:
    with db.transaction(Role.OWNER) as conn:
        return conn.execute(statement.encode()).fetchall()


def months(db: Database) -> list[tuple[Any, ...]]:
    return query(
        db,
        "SELECT user_id, year, month, total_messages, total_tokens, total_cost, unknown_cost_events FROM month_totals ORDER BY 1, 2, 3",
    )


def recounted(db: Database) -> list[tuple[Any, ...]]:
    with db.transaction(Role.OWNER) as conn:
        conn.execute("SELECT recount_usage(ARRAY(SELECT id FROM users))")
    return months(db)


def shown(done: Repricing) -> dict[tuple[UUID, date], tuple[Any, ...]]:
    return {
        key: (c.events, c.changed, c.cost_before, c.cost_after, c.unknown_before, c.unknown_after)
        for key, c in done.changes.items()
    }


def costs_alone(db: Database) -> dict[str, Decimal | None]:
    """What each stored event costs when it is priced all by itself."""
    columns = (
        "provider",
        "model",
        "timestamp",
        "tokens_input",
        "tokens_output",
        "tokens_cache_read",
        "tokens_cache_write",
        "tokens_reasoning",
    )
    with db.transaction(Role.OWNER) as conn:
        book = load_overrides(conn)
        rows = conn.execute(f"SELECT event_id, {', '.join(columns)} FROM usage_logs".encode()).fetchall()
    found = {}
    for number, *row in rows:
        frame = pl.DataFrame([dict(zip(columns, row, strict=True))], schema_overrides={"provider": pl.String()})
        frame = frame.with_columns(pl.col("timestamp").dt.convert_time_zone("UTC"))
        found[number] = price(frame, book)["total_cost"][0]
    return found


@pytest.mark.parametrize("portion", [1, 20_000])
def test_the_price_of_its_time_is_brought_to_each_event_and_counters_follow(
    db: Database, tmp_path: Path, portion: int
) -> None:
    late = START + timedelta(days=40)
    load(db, tmp_path, [
        event(1), event(2, late), event(3, late, user=PEOPLE[1]), event(4, model="our-model", provider="us"),
        event(5, model="our-model", provider="us", unknown_column=1), event(6, model="o3"),
    ])  # fmt: skip
    own(db, "openai", "gpt-4o", 31, input="1")
    own(db, "us", "our-*", 0, input="3")
    told = reprice(db, ALL, dry_run=True, portion=portion)
    before = contents(db)
    assert reprice(db, ALL, dry_run=True, portion=portion) == told
    assert contents(db) == before
    assert shown(reprice(db, ALL, portion=portion)) == shown(told)
    found = dict(query(db, "SELECT event_id, total_cost FROM usage_logs"))
    assert found == {"e1": Decimal("2.5"), "e2": 1, "e3": 1, "e4": 3, "e5": 3, "e6": 2}
    total = told.total
    assert (total.changed, total.unknown_before, total.unknown_after) == (4, 2, 0)
    assert total.difference == 3
    assert months(db) == recounted(db)
    again = contents(db)
    assert reprice(db, ALL, portion=portion).changes == {}
    assert contents(db) == again


def test_a_price_that_is_withdrawn_makes_the_cost_what_it_was(db: Database, tmp_path: Path) -> None:
    load(db, tmp_path, [event(1), event(2, model="our-model", provider="us")])
    before = query(db, "SELECT event_id, total_cost, price_version FROM usage_logs ORDER BY 1")
    ids = [own(db, "openai", "*", 0, input="9"), own(db, "us", "*", 0, input="9")]
    assert reprice(db, ALL).total.changed == 2
    with db.transaction(Role.OWNER) as conn:
        for number in ids:
            end_price(conn, number, START)
    assert reprice(db, ALL).total.changed == 2
    assert query(db, "SELECT event_id, total_cost, price_version FROM usage_logs ORDER BY 1") == before


def test_only_what_is_selected_is_priced_anew(db: Database, tmp_path: Path) -> None:
    # Of the people's days: at midnight UTC it is still the day before in Mexico.
    load(
        db,
        tmp_path,
        [event(n, START + timedelta(days=n)) for n in range(4)] + [event(9, START + timedelta(days=2), model="o3")],
    )
    own(db, "openai", "*", -1, input="1")
    days = Selection(date(2026, 1, 1), date(2026, 1, 2), "GPT-4*")
    done = reprice(db, days)
    changed = {row[0] for row in query(db, "SELECT event_id FROM usage_logs WHERE price_version LIKE 'override:%'")}
    local = {
        row[0]
        for row in query(
            db,
            "SELECT event_id FROM usage_logs WHERE local_date BETWEEN '2026-01-01' AND '2026-01-02' AND model = 'gpt-4o'",
        )
    }
    assert (changed, done.total.events, len(local)) == (local, 2, 2)
    assert reprice(db, Selection(model="o3")).total.changed == 1


def test_what_follows_no_price_list_stays_and_of_old_rows_what_may_not(db: Database, tmp_path: Path) -> None:
    load(db, tmp_path, [event(n, provider=p, model=m, input_tokens=t) for n, (p, m, t) in enumerate([
        ("us", "new", 1), ("us", "wanted", 1), ("us", "old", 1), ("us", "old-empty", 0), (None, "old-nobody", 1), (None, "nobody", 1),
    ])])  # fmt: skip
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE usage_logs SET unpriced = NULL WHERE model LIKE 'old%'")
        conn.execute("UPDATE usage_logs SET unpriced = true WHERE model = 'wanted'")
    for provider in ("us", "unknown"):
        own(db, provider, "*", -1, input="1", output="1")
    assert reprice(db, ALL).total.changed == 3
    known = query(db, "SELECT model FROM usage_logs WHERE total_cost IS NOT NULL ORDER BY 1")
    assert [model for (model,) in known] == ["new", "nobody", "old"]


def test_archived_months_are_named_and_stay(db: Database, tmp_path: Path) -> None:
    from cauce.lifecycle.archive import archive_month

    load(
        db,
        tmp_path,
        [event(1, START), event(2, START + timedelta(days=40)), event(3, START + timedelta(days=9), model="o3")],
    )
    archive_month(db, date(2026, 1, 1))
    days = query(db, "SELECT sum(total_cost) FROM archived_usage_daily")
    own(db, "openai", "*", -1, input="1")
    done = reprice(db, ALL)
    assert (done.total.changed, sum(done.archived.values())) == (1, 2)
    assert sum(reprice(db, Selection(model="o3")).archived.values()) == 1
    assert query(db, "SELECT sum(total_cost) FROM archived_usage_daily") == days


def test_broken_off_it_goes_on(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(db, tmp_path, [event(n, user=PEOPLE[n % 3]) for n in range(6)])
    own(db, "openai", "*", -1, input="1")
    told = reprice(db, ALL, dry_run=True)
    said: list[str] = []

    def break_off(what: str) -> None:
        said.append(what)
        if len(said) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reprice(db, ALL, portion=2, on_progress=break_off)
    assert query(db, "SELECT count(*) FROM usage_logs WHERE total_cost = 1") == [(4,)]
    assert reprice(db, ALL, portion=2).total.changed == told.total.changed - 4
    assert query(db, "SELECT count(*) FROM usage_logs WHERE total_cost = 1") == [(6,)]
    assert months(db) == recounted(db)


def test_the_real_responses_and_spans_keep_what_they_cost(db: Database, samples: Path) -> None:
    files = [samples / "usage" / name for name in ("otlp_genai_spans.jsonl", "provider_usage_bodies.jsonl")]
    load_paths(db, files, owner_email=PEOPLE[0], create_user=True)
    done = reprice(db, ALL)
    assert done.changes == {}
    assert query(db, "SELECT count(total_cost) >= 475 FROM usage_logs") == [(True,)]


AMOUNTS = st.one_of(st.sampled_from(["0", "1", "0.000000000001", "2.75"]), st.decimals(0, 100, places=6).map(str))
PRICED = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("input", "output", "cache_read", "reasoning", "request"), AMOUNTS)
)
OVERRIDES = st.lists(
    st.tuples(
        st.sampled_from([*((p or "unknown", m) for p, m in MODELS), ("openai", "*"), ("us", "our-*"), ("openai", "gpt-*")]),
        st.integers(-10, 60), st.integers(0, 60), PRICED.filter(bool),
    ), max_size=6,
)  # fmt: skip
HISTORY = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE), st.sampled_from(MODELS), st.integers(0, 70 * 24), st.integers(0, 300_000), st.integers(0, 5_000),
        st.integers(0, 100), st.integers(0, 100),
    ), min_size=1, max_size=25,
)  # fmt: skip
Books = tuple[list[Any], list[Any]]


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=HISTORY, first=OVERRIDES, second=OVERRIDES, portion=st.integers(1, 30))
def test_whatever_happened_the_ledger_is_the_sum_of_each_event_priced_alone(
    db: Database, tmp_path: Path, history: list[Any], first: list[Any], second: list[Any], portion: int
) -> None:
    with db.transaction(Role.OWNER) as conn:  # of the example before
        for table in ("users", "model_prices", "ingest_batches"):
            conn.execute(f"DELETE FROM {table}".encode())
    _add(db, first)
    load(db, tmp_path, [
        event(n, START + timedelta(hours=hours), user=user, provider=provider, model=model, input_tokens=tokens,
              output_tokens=out, cache_read_tokens=tokens * read // 100, reasoning_tokens=out * thought // 100)
        for n, (user, (provider, model), hours, tokens, out, read, thought) in enumerate(history)
    ])  # fmt: skip
    stored = dict(query(db, "SELECT event_id, total_cost FROM usage_logs"))
    assert stored == costs_alone(db)
    _add(db, second)
    told = reprice(db, ALL, dry_run=True, portion=portion)
    done = reprice(db, ALL, portion=portion)
    assert shown(done) == shown(told)
    now = dict(query(db, "SELECT event_id, total_cost FROM usage_logs"))
    assert now == costs_alone(db)
    assert told.total.difference == sum(c or 0 for c in now.values()) - sum(c or 0 for c in stored.values())
    unknown = [sum(cost is None for cost in costs.values()) for costs in (stored, now)]
    assert told.total.unknown_after - told.total.unknown_before == unknown[1] - unknown[0]
    assert months(db) == recounted(db)
    assert reprice(db, ALL, portion=portion).changes == {}


def _add(db: Database, overrides: list[Any]) -> None:
    for (provider, model), begins, length, prices in overrides:
        try:
            own(db, provider, model, begins, begins + length + 1, **prices)
        except FatalError as error:
            if "another price" not in error.message:
                raise


def test_while_others_load_and_take_back_every_event_ends_at_its_price(db: Database, tmp_path: Path) -> None:
    """Three writers load, repeat and reverse events of the same people and month while all of it is priced anew."""

    def own_event(number: int) -> dict[str, Any]:
        at = START + timedelta(minutes=number)
        return event(number, at, user=PEOPLE[number % 3], provider="us", model="our-model", input_tokens=1000 + number)

    def write(writer: int) -> int:
        loaded = 0
        for turn in range(6):
            first = 1000 + writer * 1000 + turn * 40
            records = [own_event(number) for number in range(first, first + 40)]
            records += [own_event(turn * 3 + writer), {"reverses": f"e{first}"}]
            path = tmp_path / f"{writer}-{turn}.jsonl"
            path.write_text("".join(json.dumps(record) + "\n" for record in records))
            loaded += load_file(db, path).loaded
        return loaded

    load(db, tmp_path, [own_event(number) for number in range(300)])
    assert query(db, "SELECT count(total_cost) FROM usage_logs") == [(0,)]
    own(db, "us", "our-model", days=-1, input="2")
    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write, writer) for writer in range(3)]
        while not all(writer.done() for writer in writers):
            reprice(db, ALL, portion=25)
        assert sum(writer.result() for writer in writers) >= 3 * 6 * 40
    reprice(db, ALL)
    assert query(db, "SELECT count(*) FROM usage_logs") == [(300 + 3 * 6 * 39,)]
    wrong = "SELECT event_id, total_cost FROM usage_logs WHERE total_cost IS DISTINCT FROM tokens_input * 0.000002"
    assert query(db, wrong) == []
    counted = months(db)
    assert recounted(db) == counted
    assert reprice(db, ALL).changes == {}
