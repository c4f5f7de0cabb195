import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cauce.cli import app
from cauce.database import Database, Role
from ingest import load_file

Run = Callable[..., Result]
EVENTS: list[dict[str, object]] = [
    {"event_id": "before", "timestamp": "2025-12-31T23:59:59Z", "model": "our-model", "provider": "us"},
    {"event_id": "in", "timestamp": "2026-01-01T00:00:00Z", "model": "our-model", "provider": "us"},
    {"event_id": "kept-aside", "timestamp": "2026-01-02T00:00:00Z", "model": "our-model", "provider": "us", "x": 1},
    {"event_id": "list", "timestamp": "2026-01-01T00:00:00Z", "model": "gpt-4o", "provider": "openai"},
]


@pytest.fixture
def run(db: Database, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command in this process, on the test's own database."""
    monkeypatch.setattr("cauce.cli.prices.open_database", lambda: db)
    return lambda *arguments: CliRunner().invoke(app, ["prices", *arguments])


def load(db: Database, folder: Path) -> None:
    path = folder / "usage.jsonl"
    counts: dict[str, object] = {"input_tokens": 1_000_000, "output_tokens": 0, "user": "ana@example.com"}
    path.write_text("".join(json.dumps(event | counts) + "\n" for event in EVENTS))
    assert load_file(db, path, create_user=True).loaded == len(EVENTS)


def test_events_are_loaded_at_the_price_of_their_time_and_models_without_one_are_listed(
    db: Database, run: Run, tmp_path: Path
) -> None:
    added = run("add", "US", "Our-*", "--from", "2026-01-01", "--input", "1.5", "--note", "contract")
    assert added.exit_code == 0, added.output
    load(db, tmp_path)
    with db.transaction(Role.OWNER) as conn:
        rows = conn.execute("SELECT event_id, total_cost, price_version FROM usage_logs").fetchall()
    found = {event: (cost and float(cost), version) for event, cost, version in rows}
    ours = "override:" + added.stdout.split(":")[0]
    assert found.pop("list")[0] == 2.5
    assert found == {"before": (None, None), "in": (1.5, ours), "kept-aside": (1.5, ours)}
    unknown = run("unknown").stdout
    assert re.search(r"us +our-model +1 +1,000,000 +2025-12-31 23:59 +2025-12-31 23:59 +not_listed", unknown)
    assert "not_listed: no price list knows the model: add its price with `cauce prices add`" in unknown


def test_prices_are_listed_and_ended_and_never_two_at_once(db: Database, run: Run) -> None:
    assert "the price list holds" in run("list").stdout
    first = run("add", "us", "m", "--from", "2026-01-01", "--input", "1").stdout.split(":")[0]
    over = run("add", "us", "m", "--from", "2026-03-01", "--input", "2")
    assert (over.exit_code, "another price of the same model" in str(over.exception)) == (1, True)
    assert run("end", first, "--at", "2026-03-01").exit_code == 0
    assert run("add", "us", "m", "--from", "2026-03-01", "--input", "2", "--request", "0.01").exit_code == 0
    listed = run("list").stdout
    assert first not in listed
    assert "input 2, request 0.01" in listed
    assert re.search(rf"{first} +us +m +2026-01-01 +2026-03-01 +input 1", run("list", "--all").stdout)
    with db.transaction(Role.OWNER) as conn:
        conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
        told = conn.execute(
            "SELECT action FROM audit_logs WHERE target_type = 'model_prices' ORDER BY sequence"
        ).fetchall()
    assert [action for (action,) in told] == ["INSERT_MODEL_PRICES", "UPDATE_MODEL_PRICES", "INSERT_MODEL_PRICES"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "us", "m", "--from", "2026-01-01"), "a price without any price"),
        (("add", "us", "m", "--from", "yesterday", "--input", "1"), "is no day and no time"),
        (("add", "us", "m", "--from", "2026-01-01T10:00:00", "--input", "1"), "has no time zone"),
        (("add", "us", "m", "--from", "2026-01-01", "--to", "2026-01-01", "--input", "1"), "ends before it begins"),
        (("add", "us", "m", "--from", "2026-01-01", "--input", "-1"), "is no price"),
        (("add", "us", "m", "--from", "2026-01-01", "--input", "1e9"), "is no price"),
        (("add", "us", "m", "--from", "2026-01-01", "--input", "NaN"), "is no price"),
        (("add", "us", "m", "--from", "2026-01-01", "--input", "0.0000000000001"), "is no price"),
        (("add", "us", "a*b", "--from", "2026-01-01", "--input", "1"), "names no model"),
        (("add", "us", "m", "--from", "2026-01-01", "--input", "1", "--by", "x@example.com"), "nobody has the address"),
        (("end", "0199f0c2-7b1e-7c33-9a55-3d2f6a1b4c5d"), "there is no price"),
    ],
)
def test_what_is_no_price_is_refused_in_one_line(run: Run, arguments: tuple[str, ...], said: str) -> None:
    refused = run(*arguments)
    assert refused.exit_code == 1
    assert said in str(refused.exception)
