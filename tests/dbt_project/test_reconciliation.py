"""The ledger against what providers report: whatever happened, the parts add up, and nothing is left out."""

import json
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cauce.database import Database, Role
from expectations.audit import check
from expectations.build import build
from ingest import load_file
from tests.expectations.world import ANA, AS_OF, BETO, rows
from tests.ingest.usage.reports import anthropic, cents, completions, cost, messages, openai

FIRST = date(2025, 2, 3)
DAYS = 6
OPENAI = ("gpt-4o-mini", "gpt-4o-mini-2024-07-18", "gpt-4o", "nobody-knows")
CLAUDE = ("claude-sonnet-4-20250514", "claude-sonnet-4")
PARTS = "time_boundary + unmatched + unknown_cost + price + unexplained"
EVERY = "SELECT * FROM marts_candidate.reconciliation_daily"

BEYOND = f"""
SELECT 1 FROM ({EVERY}) m WHERE explanation IN ('calls_not_in_ledger', 'calls_not_in_report') AND measure <> 'cost'
  AND abs(unmatched) > abs(reported_requests - ledger_events) * (
    SELECT max(CASE measure WHEN 'tokens_input' THEN tokens_input ELSE tokens_output END) FROM usage_logs u
    WHERE u.provider = m.provider AND (u.timestamp AT TIME ZONE 'UTC')::date = m.usage_date
      AND starts_with(u.model, m.model)
  )
"""
UNSTEADY = f"""
SELECT 1 FROM ({EVERY}) m WHERE measure = 'cost' AND price <> 0 AND (time_boundary, unmatched, unknown_cost) = (0, 0, 0)
GROUP BY provider, model HAVING max(1 + price / ledger) > min(1 + price / ledger) * 1.05
"""


def test_what_a_provider_reports_is_held_against_everybodys_calls(world: Database) -> None:
    found = rows(
        world,
        "SELECT model, measure, ledger, reported, unknown_cost, unexplained, explanation FROM marts.reconciliation_daily"
        " ORDER BY measure",
        Role.ADMIN,
    )
    assert found == [
        ("gpt", "cost", Decimal("3.000000000012"), Decimal("4.000000000012"), 1, 0, "unknown_cost"),
        ("gpt", "tokens_input", 3708, 3708, 0, 0, "matches"),
        ("gpt", "tokens_output", 360, 360, 0, 0, "matches"),
    ]


class History:
    """Random calls of some days, and reports of them by providers that forget, invent, delay and charge otherwise."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.calls: list[dict[str, Any]] = []
        self.reported: dict[tuple[str, date], dict[str, list[int]]] = defaultdict(
            lambda: defaultdict(lambda: [0, 0, 0])
        )
        for number in range(150):
            self._call(number)

    def _call(self, number: int) -> None:
        chance = self._random
        provider, models = chance.choice([("openai", OPENAI), ("anthropic", CLAUDE)])
        near_midnight = chance.random() < 0.3
        minutes = (
            chance.choice([chance.randrange(14), 1426 + chance.randrange(14)])
            if near_midnight
            else chance.randrange(1440)
        )
        day = FIRST + timedelta(days=chance.randrange(DAYS))
        at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes)
        call: dict[str, Any] = {
            "event_id": f"r{number}",
            "timestamp": at.isoformat(),
            "user": chance.choice([ANA, BETO]),
            "agent": "asistente",
            "provider": provider,
            "model": chance.choice(models),
            "input_tokens": chance.randrange(2000),
            "output_tokens": chance.randrange(500),
        }
        fate = chance.random()
        if fate > 0.1:
            self.calls.append(call)
        if fate < 0.85:
            reported_on = day + timedelta(days=1) if near_midnight and chance.random() < 0.5 else day
            totals = self.reported[provider, reported_on][call["model"]]
            for place, count in enumerate((call["input_tokens"], call["output_tokens"], 1)):
                totals[place] += count

    def files(self, folder: Path) -> list[Path]:
        pages: dict[str, Any] = {"ledger.jsonl": "".join(json.dumps(call) + "\n" for call in self.calls)}
        spans = [(FIRST + timedelta(days=n), FIRST + timedelta(days=n + 1)) for n in range(DAYS + 1) if n != 2]
        usage, costs, theirs, cent = {}, {}, {}, {}
        for start, end in spans:
            ours = self.reported["openai", start]
            usage[start.isoformat(), end.isoformat()] = [
                completions(model=model, input_tokens=i, output_tokens=o, num_model_requests=n, input_cached_tokens=0)
                for model, (i, o, n) in ours.items()
            ]
            costs[start.isoformat(), end.isoformat()] = [
                cost(round(i * 2e-7 + o * 6e-7, 10), line_item=f"{model}, input") for model, (i, o, _) in ours.items()
            ]
            span = (f"{start}T00:00:00Z", f"{end}T00:00:00Z")
            writes: dict[str, Any] = {"cache_creation": {}, "cache_read_input_tokens": 0}
            theirs[span] = [
                messages(model=model, uncached_input_tokens=i, output_tokens=o, **writes)
                for model, (i, o, _) in self.reported["anthropic", start].items()
            ]
            cent[span] = [
                cents(f"{(i * 3 + o * 15) / 10000:.6f}", model=model)
                for model, (i, o, _) in self.reported["anthropic", start].items()
            ]
        pages |= {
            "a.json": openai(usage),
            "b.json": openai(costs),
            "c.json": anthropic(theirs),
            "d.json": anthropic(cent),
        }
        for name, page in pages.items():
            (folder / name).write_text(page if isinstance(page, str) else json.dumps(page))
        return [folder / name for name in pages]


@pytest.mark.parametrize("seed", [4, 5, 6])
def test_over_a_random_history_the_parts_add_up_and_nothing_is_left_out(
    copy: Database, tmp_path: Path, seed: int
) -> None:
    with copy.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM provider_reports")
    for path in History(seed).files(tmp_path):
        report = load_file(copy, path)
        assert report.quarantined == 0
    build(copy, as_of=AS_OF, force=True)
    assert check(copy).failures == []

    # Plain sums over the operational tables: every call of the span and every reported figure is in the mart once.
    assert rows(
        copy, f"SELECT provider, measure, sum(ledger), sum(reported) FROM ({EVERY}) m GROUP BY 1, 2 ORDER BY 1, 2"
    ) == [
        (provider, measure, ledger, reported)
        for provider in ("anthropic", "openai")
        for measure, column, of_report in (
            ("cost", "coalesce(total_cost, 0)", "amount"),
            ("tokens_input", "tokens_input", "tokens_input"),
            ("tokens_output", "tokens_output", "tokens_output"),
        )
        for ((ledger, reported),) in [
            rows(
                copy,
                f"SELECT (SELECT sum({column}) FROM usage_logs WHERE provider = '{provider}'"
                f" AND timestamp >= '{FIRST}Z' AND timestamp < '{FIRST + timedelta(days=DAYS + 1)}Z'),"
                f" (SELECT sum({of_report}) FROM provider_reports WHERE provider = '{provider}')",
            )
        ]
    ]
    assert rows(copy, f"SELECT 1 FROM ({EVERY}) m WHERE residual <> {PARTS}") == []
    # No more moves over midnight than there is to explain, and what leaves a day arrives at the next.
    assert rows(copy, f"SELECT 1 FROM ({EVERY}) m WHERE measure <> 'cost' AND time_boundary * residual < 0") == []
    moved = rows(
        copy, f"SELECT sum(time_boundary) FROM ({EVERY}) m WHERE measure <> 'cost' GROUP BY provider, model, measure"
    )
    assert set(moved) == {(Decimal(0),)}
    # Calls that one side lacks carry no more than the largest of the day, each.
    assert rows(copy, BEYOND) == []
    # Where no tokens had to be weighed, a price is the same one to a few per cent.
    assert rows(copy, UNSTEADY) == []
    told = {str(kind) for (kind,) in rows(copy, f"SELECT DISTINCT explanation FROM ({EVERY}) m")}
    assert {
        "no_report",
        "unknown_cost",
        "time_boundary",
        "calls_not_in_ledger",
        "calls_not_in_report",
        "price",
        "unexplained",
    } <= told
