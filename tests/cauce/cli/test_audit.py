import json
import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from typer.testing import CliRunner, Result

from cauce.cli import app
from cauce.database import Database, Role
from cauce.security.audit import verify
from tests.cauce.cli.conftest import Cauce

USAGE = (
    '{"event_id": "e2", "timestamp": "2026-01-05T12:00:00Z", "model": "m", "input_tokens": -1, "output_tokens": 1}\n'
)
Run = Callable[..., Result]


@pytest.fixture
def run(db: Database, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command in this process, on the test's own database."""
    for module in ("audit", "database", "ingest", "keys", "link", "person", "pipeline", "serve"):
        monkeypatch.setattr(f"cauce.cli.{module}.open_database", lambda: db)
    return lambda *arguments, **options: CliRunner().invoke(app, arguments, **options)


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
    assert "3 audit entries, whole; not sealed yet, not noted yet" in run("audit", "verify").stdout
    assert "sealed up to 3, noted up to 3" in run("audit", "seal").stdout
    verified = run("audit", "verify")
    assert verified.exit_code == 0
    head = verified.stdout.strip().rsplit(" ", 1)[1]
    assert run("audit", "verify", "--expect-head", head).exit_code == 0
    assert run("audit", "verify", "--expect-head", "00" * 32).exit_code == 1
    tamper(db, "DELETE FROM audit_logs WHERE sequence = 2")
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
    tamper(db, "UPDATE audit_heads SET entries = 2")
    touched = run("run")
    assert (touched.exit_code, "broken at 2: removed" in touched.stdout) == (1, True)


def tamper(db: Database, statements: str) -> None:
    with psycopg.connect(db.address.superuser_url, dbname=db.address.name) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute(statements.encode())


EMPTY = (
    "DELETE FROM audit_logs; DELETE FROM audit_seals; UPDATE audit_heads SET entries = 0, hash = sha256('cauce audit')"
)


def test_exports_erasures_and_rotations_are_sealed_at_once(
    db: Database, run: Run, make_person: Callable[..., UUID], tmp_path: Path
) -> None:
    make_person("ana@example.com")
    for command in (
        ("person", "export", "ana@example.com", "-o", str(tmp_path / "ana.zip")),
        ("keys", "rotate"),
        ("person", "erase", "ana@example.com", "--yes"),
    ):
        assert run(*command).exit_code == 0
        verdict = verify(db)
        assert verdict.entries > 0
        assert (verdict.sealed, verdict.noted) == (verdict.entries, verdict.entries)
    tamper(db, "UPDATE audit_logs SET actor = 'nobody' WHERE sequence = 1")
    for command in (("keys", "rotate"), ("person", "erase", "ana@example.com", "--yes")):
        touched = run(*command)
        assert (touched.exit_code, "broken at 1: altered" in touched.stdout) == (1, True)


@pytest.fixture
def start(db: Database, run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """`cauce start` up to the line that says where the app is, without its demo and marts; gives what it printed."""
    settings = db.settings.model_copy(update={"database_url": "postgresql://elsewhere", "port": 0})
    monkeypatch.setattr("cauce.cli.serve.get_settings", lambda: settings)
    monkeypatch.setattr("cauce.cli.pipeline.load_demo", lambda _database: [])
    monkeypatch.setattr("cauce.cli.pipeline.run_pipeline", lambda _database, _inputs: True)
    monkeypatch.setattr("app_streamlit.server.serve", lambda _settings, _database, on_ready: on_ready())

    def command() -> str:
        done = run("start")
        assert done.exit_code == 0
        assert "Cauce is at" in done.stdout
        return done.stdout

    return command


def test_a_start_says_what_became_of_the_log_and_is_not_stopped_by_it(
    db: Database, run: Run, start: Callable[[], str]
) -> None:
    folder = db.settings.home / "audit"
    assert "0 audit entries, whole; not sealed yet, not noted yet" in start()  # a new home and a new database
    run("db", "url")
    assert "1 audit entries, whole; sealed up to 1, noted up to 1" in start()

    shutil.rmtree(folder)  # a new home, the old database
    assert "! no head of this log is noted in audit/" in start()
    assert "!" not in start()

    [notes] = folder.iterdir()
    notes.rename(folder / "7-old.heads")  # a home with an older database's notes
    tamper(db, EMPTY)
    assert "! heads are noted of another database (7-old)" in start()
    run("db", "url")
    assert "sealed up to 1, noted up to 1" in start()
    assert "!" not in start()

    tamper(db, EMPTY)  # the old home, the database made anew under its name
    for _ in range(2):
        touched = start()
        assert "✗ the audit log is broken at 1: removed" in touched
        assert "`cauce audit accept`" in touched
    assert run("run").exit_code == 1
    assert run("audit", "accept", input="n\n").exit_code == 1
    assert "broken at 1" in start()
    assert run("audit", "accept", "--yes").exit_code == 0
    assert "1 audit entries, whole; sealed up to 1, noted up to 1" in start()

    notes.write_text(notes.read_text().replace("noted", "voted"))  # or noted under another CAUCE_SECRET_KEY
    assert "is not ours" in start()
    assert run("audit", "accept", "--yes").exit_code == 0
    assert "2 audit entries, whole; sealed up to 2, noted up to 2" in start()


def test_an_address_of_a_database_without_tables_is_still_printed(cauce: Cauce) -> None:
    assert cauce("db", "url").returncode == 0
