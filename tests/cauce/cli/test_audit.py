import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from cauce.cli import app
from cauce.database import Database, Role
from tests.cauce.cli.conftest import Cauce

USAGE = (
    '{"event_id": "e2", "timestamp": "2026-01-05T12:00:00Z", "model": "m", "input_tokens": -1, "output_tokens": 1}\n'
)
Run = Callable[..., Result]


@pytest.fixture
def run(db: Database, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command in this process, on the test's own database."""
    for module in ("audit", "database", "ingest", "link", "pipeline"):
        monkeypatch.setattr(f"cauce.cli.{module}.open_database", lambda: db)
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_reads_of_a_persons_rows_and_addresses_handed_out_are_told(db: Database, run: Run, tmp_path: Path) -> None:
    (tmp_path / "usage.jsonl").write_text(USAGE)
    run("ingest", str(tmp_path / "usage.jsonl"), "--user", "ana@example.com", "--create-user")
    with db.connect(Role.OWNER) as conn:
        [(row, ana)] = conn.execute("SELECT q.id, u.id FROM quarantined_rows q, users u").fetchall()
    assert run("quarantine", "list").exit_code == 0  # nobody's rows in particular
    assert run("quarantine", "list", "--user", "ana@example.com").exit_code == 0
    assert (
        run("quarantine", "replay", str(row), "--user", "ana@example.com").exit_code == 1
    )  # still refused, still told
    assert run("quarantine", "discard", str(row), "--user", "ana@example.com").exit_code == 0
    for role in ("owner", "analyst"):
        assert run("db", "url", "--role", role).exit_code == 0
    assert run("link", "ana@example.com").exit_code == 0

    told = json.loads(run("audit", "list", "--json", "--since", "2026-01-01").stdout)["entries"]
    assert [(entry["action"], entry["actor"], entry["target_id"]) for entry in told] == [
        ("READ_QUARANTINE", "cauce_ingest", str(ana)),
        ("REPLAY_QUARANTINE", "cauce_ingest", str(ana)),
        ("DISCARD_QUARANTINE", "cauce_ingest", str(ana)),
        ("HAND_OUT_ADDRESS", "cauce_owner", None),
        ("ISSUE_LINK", "cauce_signin", str(ana)),
    ]
    one = run("audit", "list", "--action", "HAND_OUT_ADDRESS").stdout
    assert one.startswith("4 ")
    assert 'HAND_OUT_ADDRESS {"role": "cauce_owner"}' in one


def test_the_log_is_sealed_and_verified(db: Database, run: Run) -> None:
    for _ in range(3):
        run("db", "url")
    assert "3 audit entries, whole; not sealed yet" in run("audit", "verify").stdout
    assert "sealed up to 3" in run("audit", "seal").stdout
    verified = run("audit", "verify")
    assert verified.exit_code == 0
    head = verified.stdout.strip().rsplit(" ", 1)[1]
    assert run("audit", "verify", "--expect-head", head).exit_code == 0
    assert run("audit", "verify", "--expect-head", "00" * 32).exit_code == 1
    with psycopg.connect(db.address.superuser_url, dbname=db.address.name) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute("DELETE FROM audit_logs WHERE sequence = 2")
    broken = run("audit", "verify")
    assert broken.exit_code == 1
    assert "broken at 2: removed" in broken.stdout


@pytest.mark.parametrize("published", [True, False])
def test_every_run_seals_the_log_and_fails_when_it_was_touched(
    db: Database, run: Run, monkeypatch: pytest.MonkeyPatch, published: bool
) -> None:
    monkeypatch.setattr("cauce.cli.pipeline.run_pipeline", lambda _database, _inputs: published)
    run("db", "url")
    done = run("run")
    assert (done.exit_code, "sealed up to 1" in done.stdout) == (0 if published else 1, True)
    with psycopg.connect(db.address.superuser_url, dbname=db.address.name) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute("UPDATE audit_heads SET entries = 2")
    touched = run("run")
    assert (touched.exit_code, "broken at 2: removed" in touched.stdout) == (1, True)


def test_an_address_of_a_database_without_tables_is_still_printed(cauce: Cauce) -> None:
    assert cauce("db", "url").returncode == 0
