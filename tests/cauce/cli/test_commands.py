import json
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import typer
from typer.core import TyperGroup

from cauce.cli import app
from tests.cauce.cli.conftest import Cauce

NAMED_BY_THE_ISSUE = {
    "up", "down", "status", "doctor", "migrate", "demo", "ingest", "otlp", "build", "check", "publish", "run", "serve", "db",
}  # fmt: skip

USAGE = """\
{"event_id": "e1", "timestamp": "2026-01-05T12:00:00Z", "user": null, "model": "gpt-4o", "provider": "openai", "input_tokens": 1000, "output_tokens": 10}
{"event_id": "e1", "timestamp": "2026-01-05T12:00:00Z", "user": null, "model": "gpt-4o", "provider": "openai", "input_tokens": 1000, "output_tokens": 10}
{"event_id": "e2", "timestamp": "2026-01-05T12:00:00Z", "model": "gpt-4o", "input_tokens": -1, "output_tokens": 10}
"""


def commands() -> list[tuple[str, typer.core.TyperCommand]]:
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    found = []
    for name, command in root.commands.items():
        if isinstance(command, TyperGroup):
            found += [(f"{name} {inner}", nested) for inner, nested in command.commands.items()]
        else:
            found.append((name, command))
    return found  # type: ignore[return-value]


def test_every_command_of_the_issue_is_there() -> None:
    assert {name.split()[0] for name, _ in commands()} >= NAMED_BY_THE_ISSUE


@pytest.mark.parametrize(("name", "command"), commands())
def test_every_command_has_help_with_an_example(name: str, command: typer.core.TyperCommand) -> None:
    assert "Example:" in (command.help or ""), name
    assert "cauce " in (command.help or "").split("Example:")[1]


def test_on_an_empty_server_of_ones_own_migrate_then_doctor(cauce: Cauce, empty: dict[str, str]) -> None:
    before = cauce("doctor", **empty)
    assert before.returncode == 1
    assert "run `cauce migrate`" in before.stdout + before.stderr
    assert cauce("status", **empty).returncode == 1
    migrated = cauce("migrate", **empty)
    assert migrated.returncode == 0, migrated.stderr
    assert "from nothing to" in migrated.stdout
    status = cauce("status", **empty)
    assert status.returncode == 0
    assert "never published" in status.stdout


def test_migrate_makes_the_database_that_database_url_names(cauce: Cauce, environment: dict[str, str]) -> None:
    missing = f"{environment['DATABASE_URL']}_missing"
    migrated = cauce("migrate", DATABASE_URL=missing)
    assert migrated.returncode == 0, migrated.stderr
    assert cauce("status", DATABASE_URL=missing).returncode == 0


def test_two_migrations_at_once_both_succeed(cauce: Cauce, empty: dict[str, str]) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = [future.result() for future in [pool.submit(cauce, "migrate", **empty) for _ in range(2)]]
    assert [done.returncode for done in both] == [0, 0], [done.stderr for done in both]


@pytest.mark.parametrize("role", ["owner", "admin", "analyst", "user"])
def test_db_url_is_an_address_that_connects_as_the_role(cauce: Cauce, role: str) -> None:
    printed = cauce("db", "url", "--role", role)
    assert printed.returncode == 0
    with psycopg.connect(printed.stdout.strip()) as conn:
        assert conn.execute("SELECT current_user").fetchone() == (f"cauce_{role}",)


def test_ingest_accounts_for_every_record_as_json_and_again(cauce: Cauce, tmp_path: Path) -> None:
    file = tmp_path / "usage.jsonl"
    file.write_text(USAGE)
    first = cauce("ingest", str(file), "--user", "ana@example.com", "--create-user", "--json")
    assert first.returncode == 0, first.stderr
    [report] = json.loads(first.stdout)["files"]
    assert {key: report[key] for key in ("read", "loaded", "updated", "duplicate", "quarantined", "ignored")} == {
        "read": 3, "loaded": 1, "updated": 0, "duplicate": 1, "quarantined": 1, "ignored": 0,
    }  # fmt: skip
    assert report["batch"]
    assert report["format"] == "cauce-usage-jsonl"
    second = cauce("ingest", str(file), "--user", "ana@example.com", "--json")
    [report] = json.loads(second.stdout)["files"]
    assert (report["read"], report["duplicate"]) == (3, 3)
    listed = cauce("quarantine", "list", "--user", "ana@example.com")
    assert listed.returncode == 0
    assert "usage.jsonl:3" in listed.stdout
    row = listed.stdout.strip().rsplit("(", 1)[1].rstrip(")")
    assert "1 rows discarded" in cauce("quarantine", "discard", row, "--user", "ana@example.com").stdout
    assert cauce("quarantine", "list", "--user", "ana@example.com").stdout == ""


def test_an_unknown_person_is_refused_unless_made(cauce: Cauce, tmp_path: Path) -> None:
    file = tmp_path / "usage.jsonl"
    file.write_text(USAGE)
    refused = cauce("ingest", str(file), "--user", "nobody@example.com")
    assert refused.returncode == 1
    assert "nobody@example.com" in refused.stderr
    assert "--create-user" in refused.stderr


def test_a_link_is_printed_for_people_who_are_there(cauce: Cauce) -> None:
    assert "add --create-user" in cauce("link", "ana@example.com").stderr
    made = cauce("link", "ana@example.com", "--create-user")
    assert made.returncode == 0
    assert "/sign-in?token=" in made.stdout


@pytest.mark.parametrize(
    ("arguments", "changes", "says"),
    [
        (["up"], {"DATABASE_URL": "not an address"}, "DATABASE_URL is not a PostgreSQL address"),
        (["migrate"], {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "cauce status"),
        (["up"], {"CAUCE_PORT": "banana"}, "CAUCE_PORT"),
        (["ingest", "no-such-file.ofx"], {}, "no-such-file.ofx"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_what_to_do(
    cauce: Cauce, arguments: list[str], changes: dict[str, str], says: str
) -> None:
    done = cauce(*arguments, **changes)
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_a_taken_port_is_found_out_at_once(cauce: Cauce) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for command in ("start", "serve"):
            done = cauce(command, CAUCE_PORT=str(port))
            assert done.returncode == 1
            assert f"port {port} is taken" in done.stderr
            assert "CAUCE_PORT" in done.stderr


@pytest.mark.parametrize(
    "command",
    ["audit verify", "audit list", "billing list", "deletions list", "keys status", "prices list", "quarantine list",
     "retention list", "archive list", "person export ana@example.com", "link ana@example.com", "run"],
)  # fmt: skip
def test_before_anything_was_migrated_a_command_says_what_to_do(
    cauce: Cauce, empty: dict[str, str], tmp_path: Path, command: str
) -> None:
    done = cauce(*command.split(), **empty)
    assert done.returncode == 1
    assert "run `cauce migrate`" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_unexpected_is_logged_with_a_reference_and_not_shown(cauce: Cauce, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "demo").write_text("a file where a folder must be")
    done = cauce("demo", "--users", "4", "--months", "1")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()[-1]) < 400


def test_a_command_begins_without_what_only_others_need() -> None:
    heavy = ["sqlalchemy", "polars", "dbt", "streamlit", "great_expectations"]
    code = f"import sys, cauce.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr
