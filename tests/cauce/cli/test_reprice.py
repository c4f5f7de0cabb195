import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cauce.cli import app
from cauce.database import Database
from ingest import load_file

Run = Callable[..., Result]


@pytest.fixture
def run(db: Database, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command in this process, on the test's own database."""
    for module in ("prices", "reprice"):
        monkeypatch.setattr(f"cauce.cli.{module}.open_database", lambda: db)
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_the_change_is_shown_by_person_and_month_before_and_when_it_is_written(
    db: Database, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "usage.jsonl"
    counts = {"model": "gpt-4o", "provider": "openai", "input_tokens": 1_000_000, "output_tokens": 0}
    with path.open("w") as lines:
        for n, (month, person) in enumerate([("01", "ana"), ("01", "ana"), ("02", "ana"), ("02", "luis")]):
            event = {"event_id": str(n), "timestamp": f"2026-{month}-15T12:00:00Z", "user": f"{person}@example.com"}
            lines.write(json.dumps(event | counts) + "\n")
    load_file(db, path, create_user=True)
    assert "every event has its price already" in run("reprice").stdout
    assert run("prices", "add", "openai", "gpt-4o", "--from", "2026-02-01", "--input", "3").exit_code == 0

    file = tmp_path / "change.csv"
    told = run("reprice", "--dry-run", "--csv", str(file))
    assert told.exit_code == 0, told.output
    assert re.search(r"ana@example.com +2026-02 +1 +1 +2\.500000 +3\.000000 +0\.500000 +0 +0", told.stdout)
    assert re.search(r"total +4 +2 +10\.000000 +11\.000000 +1\.000000", told.stdout) is None  # January has no change
    assert re.search(r"total +2 +2 +5\.000000 +6\.000000 +1\.000000", told.stdout)
    assert "nothing is written" in told.stdout
    with file.open() as stream:
        rows = [(row["person"], row["month"], row["difference"]) for row in csv.DictReader(stream)]
    assert sorted(rows) == [(f"{who}@example.com", "2026-02", "0.500000000000") for who in ("ana", "luis")]

    assert "2 events written" in run("reprice", "--model", "gpt-*", "--from", "2026-02-01", "--to", "2026-02-28").stdout
    assert "every event has its price already" in run("reprice", "--dry-run").stdout


def test_what_is_no_day_or_no_file_is_said_in_one_line(run: Run, tmp_path: Path) -> None:
    assert "is not a day" in str(run("reprice", "--from", "January").exception)
    assert "cannot be written" in str(run("reprice", "--csv", str(tmp_path / "none" / "x.csv")).exception)
