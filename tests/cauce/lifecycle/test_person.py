"""Everything about a person can be had, and everything can go; nobody else loses a row."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from cauce.database import Database, Role, locks
from cauce.lifecycle import deletions, retention
from cauce.lifecycle.archive import archive_month
from cauce.lifecycle.classification import tables
from cauce.lifecycle.erase import erase
from cauce.lifecycle.export import export
from cauce.security import people
from cauce.security.audit import Damage, record, seal, verify
from cauce.security.sign_in import consume, issue_link
from cauce.settings import PROJECT
from expectations.transform import run_dbt
from ingest import load_paths
from tests.cauce.lifecycle.canaries import (
    BROWSER,
    EMAIL,
    NETWORK,
    TRACE,
    canary,
    hashes_of_others,
    plant,
    read_export,
    traces,
)
from tests.cauce.lifecycle.usage import OLD
from tests.conftest import HOME, make_person_in, sign_in_to


def test_a_canary_in_every_column_is_in_the_export_and_nowhere_after_the_erasure(
    two: tuple[Database, UUID, UUID], tmp_path: Path
) -> None:
    db, ana, _ = two
    planted = plant(db, ana)
    archive_month(db, OLD.date().replace(day=1))
    run_dbt(db, ["run"], as_of=datetime.now(UTC))
    with db.transaction(Role.TRANSFORM) as conn:
        conn.execute("ALTER SCHEMA marts_candidate RENAME TO marts")
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "cauce.log").write_text(f"1a2b {EMAIL.upper()}\n3c4d luis@example.com\n".replace("QZX", "qzx"))
    export(db, EMAIL, tmp_path / "ana.zip")

    parts = read_export(tmp_path / "ana.zip")
    missing = [
        column
        for column, text in planted.items()
        if text not in json.dumps(parts.get(f"tables/{column.split('.')[0]}"))
    ]
    assert missing == []
    assert len(planted) > 60
    assert canary("usage_logs", "error_message") in json.dumps(parts["archive/usage_logs"])
    assert canary("transactions", "category") in json.dumps(parts["marts/spending_monthly"])
    assert canary("medications", "name") in json.dumps(parts["marts/adherence_daily"])

    with db.transaction(Role.TRANSFORM) as conn:
        for table in tables("marts"):
            if table.owner:
                query = sql.SQL("SELECT count(*) FROM {} WHERE {} = {}").format(
                    sql.Identifier("marts", table.name), sql.Identifier(table.owner), ana
                )
                exported = parts.get(f"marts/{table.name}", [])
                assert conn.execute(query).fetchone() == (len(exported),), table.name
                assert {tuple(sorted(row)) for row in exported} <= {tuple(sorted(table.columns))}
    assert len(parts["archive/usage_logs"]) == 12

    with psycopg.connect(db.address.superuser_url, dbname=db.address.name, autocommit=True) as conn:
        conn.execute("ANALYZE")
    before = hashes_of_others(db, ana)
    assert len([name for name, found in before.items() if not found.startswith("0 ")]) > 40
    planned = [trace for trace in traces(db, ana) if ": statistics" in trace]
    assert (len(planned) > 60, len(traces(db, ana)) - len(planned) > 60) == (True, True)
    erased = erase(db, EMAIL)
    assert erased.removed["marts.spending_monthly"] > 0
    assert erased.removed["archive/usage_logs"] == 12
    left = traces(db, ana)  # the id that names nobody any more, nothing else
    named = {"public.audit_logs", "public.erasure_log"}
    assert {trace.split(":")[0] for trace in left} - named == {"public.blob_deletions"}
    listed = deletions.pending(db)
    stored = [f"storage_files.{column}" for column in ("storage_path", "thumbnail_path")]
    vector = "v-" + hashlib.md5(str(ana).encode(), usedforsecurity=False).hexdigest()
    assert {one.location for one in listed} == {vector, *(planted[place] for place in stored)}
    assert deletions.done(db, [one.id for one in listed]) == 3
    left = traces(db, ana)
    assert {trace.split(":")[0] for trace in left} <= named, left
    assert not any(re.search(TRACE, trace) for trace in left)
    assert verify(db).broken is None
    assert hashes_of_others(db, ana) == before
    with db.transaction(Role.OWNER) as conn:
        noted = conn.execute("SELECT pseudonym, status, removed FROM erasure_log").fetchall()
    assert noted == [(ana, "done", erased.removed)]
    assert (tmp_path / "log" / "cauce.log").read_text() == "1a2b (erased)\n3c4d luis@example.com\n"


def test_where_they_came_from_goes_with_a_person_and_the_log_stays_whole(
    two: tuple[Database, UUID, UUID], tmp_path: Path
) -> None:
    """Signing in, failing to with a link of their own and with a used one, and what an admin does in a session."""
    db, ana, luis = two
    session = sign_in_to(db, EMAIL, ip="192.0.2.7", user_agent=BROWSER)  # Luis' address, too
    with db.transaction(Role.ADMIN, session_token=session) as conn:
        record(conn, "EXPORT_FOCUS")
    expired = issue_link(db, EMAIL).split("token=")[1]
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE verification_tokens SET expires = now() - interval '1 second'")
    for token, ip, agent in (
        (expired, "192.0.2.9", BROWSER),
        (expired, f"{NETWORK}:2", BROWSER),  # used up: of nobody that is known, from a network of hers
        ("forged", "198.51.100.1", "Forger"),
    ):
        assert consume(db, token, ip=ip, user_agent=agent) is None
    export(db, EMAIL, tmp_path / "ana.zip")
    exported = read_export(tmp_path / "ana.zip")["tables/audit_origins"]
    assert sorted({row["ip_address"] for row in exported}) == ["192.0.2.7", "192.0.2.9", f"{NETWORK}:1"]
    assert {row["user_agent"] for row in exported} == {BROWSER}
    seal(db)

    erase(db, EMAIL)
    assert not any(re.search(TRACE, trace) for trace in traces(db, ana))
    with db.transaction(Role.ADMIN) as conn:
        left = conn.execute(
            "SELECT user_id, host(ip_address), user_agent FROM audit_origins ORDER BY sequence"
        ).fetchall()
        kept = conn.execute("SELECT action FROM audit_logs WHERE admin_id = %s ORDER BY sequence", (ana,)).fetchall()
    assert left == [(luis, "192.0.2.7", "Luis"), (None, "198.51.100.1", "Forger")]
    assert kept == [("SIGN_IN",), ("SIGN_IN",), ("EXPORT_FOCUS",)]
    assert (verify(db).broken, seal(db).broken) == (None, None)
    with psycopg.connect(db.address.superuser_url, dbname=db.address.name) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute("UPDATE audit_logs SET action = 'OTHER' WHERE action = 'EXPORT_FOCUS'")
    broken = verify(db).broken  # what stays of an entry is verified as before
    assert broken is not None
    assert broken.damage is Damage.ALTERED


def test_who_is_erased_in_the_middle_of_an_act_leaves_no_trace_of_where(two: tuple[Database, UUID, UUID]) -> None:
    db, ana, _ = two
    session = sign_in_to(db, EMAIL, ip=f"{NETWORK}:1", user_agent=BROWSER)
    with db.transaction(Role.ADMIN, session_token=session) as conn:
        record(conn, "EXPORT_FOCUS")
        erase(db, EMAIL)
    assert not any(re.search(TRACE, trace) for trace in traces(db, ana))
    assert verify(db).broken is None


def test_whoever_did_something_to_others_can_go_and_the_others_keep_their_rows(
    two: tuple[Database, UUID, UUID],
) -> None:
    """An admin who granted, invited, was assigned and wrote, who opened somebody's file, and made an agent."""
    db, ana, luis = two
    with db.transaction(Role.OWNER) as conn:
        for statement in (
            "UPDATE user_agent_permissions SET granted_by = %(ana)s WHERE user_id = %(luis)s",
            "UPDATE support_tickets SET assigned_to_id = %(ana)s WHERE user_id = %(luis)s",
            "UPDATE support_messages SET author_id = %(ana)s, is_staff = true, is_ai = false WHERE user_id = %(luis)s",
            "UPDATE file_access_logs SET accessed_by = %(ana)s, ip_address = '192.0.2.7', user_agent = 'hers' WHERE user_id = %(luis)s",
            "UPDATE agents SET created_by = %(ana)s WHERE slug = 'a'",
            "INSERT INTO invitations (email, token, role, invited_by) VALUES ('eva@example.com', repeat('ab', 32), 'USER', %(ana)s)",
        ):
            assert conn.execute(statement.encode(), {"ana": ana, "luis": luis}).rowcount > 0, statement
    before = hashes_of_others(db, ana)
    erase(db, EMAIL)
    assert hashes_of_others(db, ana) == before
    with db.transaction(Role.OWNER) as conn:
        left = conn.execute(
            "SELECT (SELECT granted_by FROM user_agent_permissions), (SELECT assigned_to_id FROM support_tickets),"
            " (SELECT author_id FROM support_messages), (SELECT invited_by FROM invitations WHERE email LIKE 'eva%'),"
            " (SELECT concat(accessed_by, ip_address, user_agent) FROM file_access_logs),"
            " (SELECT created_by FROM agents WHERE slug = 'a')"
        ).fetchone()
    assert left == (None, None, None, None, "", None)


def test_erased_twice_is_erased_once_and_the_address_is_free_again(two: tuple[Database, UUID, UUID]) -> None:
    db, ana, _ = two
    assert erase(db, f" {EMAIL.upper()} ").pseudonym == ana
    before = hashes_of_others(db, ana)
    again = erase(db, EMAIL)
    assert (again.pseudonym, again.removed) == (None, {})
    assert hashes_of_others(db, ana) == before
    assert make_person_in(db, EMAIL) != ana


def test_the_address_goes_from_logs_that_were_rotated_and_from_names_of_others_files(
    db: Database, tmp_path: Path
) -> None:
    make_person_in(db, EMAIL)
    luis = make_person_in(db, "luis@example.com")
    (tmp_path / "log").mkdir()
    for name in ("cauce.log", "cauce.log.1"):
        (tmp_path / "log" / name).write_text(f"{EMAIL} asked for a link\n")
    with db.transaction(Role.OWNER) as conn:
        conn.execute(
            "INSERT INTO ingest_batches (user_id, domain, source_file, format, format_version, content_sha256)"
            " VALUES (%s, 'finance', %s, 'ofx', 1, 'x')",
            (luis, f"shared with {EMAIL.title()}.ofx"),
        )
    assert erase(db, EMAIL).removed["log"] == 2
    assert {path.read_text() for path in (tmp_path / "log").iterdir()} == {"(erased) asked for a link\n"}
    with db.transaction(Role.OWNER) as conn:
        kept = conn.execute("SELECT user_id, source_file FROM ingest_batches").fetchall()
    assert kept == [(luis, "shared with (erased).ofx")]


@pytest.mark.parametrize("held", [locks.LIFECYCLE, locks.MARTS])
def test_an_erasure_waits_for_a_build_and_for_a_retention_run(
    db: Database, in_parallel: Callable[..., list[Any]], held: str
) -> None:
    ana = make_person_in(db, EMAIL)
    told, started, waits = list[str](), threading.Event(), threading.Event()

    def at_work() -> bool:
        with db.lock(held):
            started.set()
            waits.wait(5)
            with db.transaction(Role.OWNER) as conn:
                return conn.execute("SELECT status FROM erasure_log").fetchall() == []

    def tell(detail: str) -> None:
        told.append(detail)
        waits.set()

    def remove() -> UUID | None:
        started.wait(10)
        return erase(db, EMAIL, on_progress=tell).pseudonym

    assert in_parallel(at_work, remove) == [True, ana]
    assert told[0] == f"waiting for another `cauce` that is at work ({held})"


def test_whoever_is_being_erased_is_signed_out_at_once(db: Database) -> None:
    make_person_in(db, EMAIL)
    session = sign_in_to(db, EMAIL)
    assert people.person(db, session)
    kill_erasure(db, "_leave_warehouse")
    assert people.person(db, session) is None


def test_of_somebody_only_invited_the_address_goes(db: Database) -> None:
    with db.transaction(Role.OWNER) as conn:
        conn.execute(
            "INSERT INTO invitations (email, token, role) VALUES ('Eva@example.com', repeat('ab', 32), 'USER'),"
            " ('eve@example.com', repeat('cd', 32), 'USER')"
        )
    assert erase(db, "eva@EXAMPLE.com").removed == {"invitations": 1}
    with db.transaction(Role.OWNER) as conn:
        assert conn.execute("SELECT email FROM invitations").fetchall() == [("eve@example.com",)]


def test_batches_and_refused_records_that_are_others_stay(db: Database, tmp_path: Path) -> None:
    """Ana's file named Luis, whose event conflicted; a file of nobody named Ana."""
    ana, luis = make_person_in(db, EMAIL), make_person_in(db, "luis@example.com")
    event = {"timestamp": "2026-01-05T12:00:00Z", "model": "gpt-4o", "provider": "openai", "input_tokens": 5}
    folder = tmp_path / "inbox" / EMAIL
    folder.mkdir(parents=True)
    lines = [{**event, "event_id": "e1"}, {**event, "event_id": "e2", "user": "luis@example.com"}]
    (folder / "a.jsonl").write_text("".join(json.dumps({"output_tokens": 1, **line}) + "\n" for line in lines))
    (folder / "b.jsonl").write_text(json.dumps({**lines[1], "output_tokens": 9}) + "\n")
    load_paths(db, [tmp_path / "inbox"])
    (tmp_path / "c.jsonl").write_text(
        json.dumps({**event, "event_id": "e3", "output_tokens": 1, "user": "x" + EMAIL}) + "\n"
    )
    (tmp_path / "d.jsonl").write_text(
        json.dumps({**event, "event_id": "e4", "output_tokens": 1, "user": "eva@example.com"}) + "\n"
    )
    load_paths(db, [tmp_path / "c.jsonl", tmp_path / "d.jsonl"])
    with db.transaction(Role.OWNER) as conn:
        owned = conn.execute("SELECT user_id FROM quarantined_rows ORDER BY user_id NULLS LAST").fetchall()
    assert owned == [(luis,), (None,), (None,)]
    before = hashes_of_others(db, ana)
    erase(db, EMAIL)
    after = hashes_of_others(db, ana)
    changed = {name for name, found in before.items() if after[name] != found}
    assert changed == {"public.quarantined_rows"}
    with db.transaction(Role.OWNER) as conn:
        owned = conn.execute("SELECT user_id FROM quarantined_rows ORDER BY user_id NULLS LAST").fetchall()
        files = conn.execute("SELECT user_id, source_file FROM ingest_batches ORDER BY started_at").fetchall()
    assert owned == [(luis,), (None,)]
    assert [owner for owner, _ in files] == [None] * 4
    assert [name for _, name in files][:2] == ["(erased)"] * 2


def test_an_erasure_waits_for_a_writer_and_takes_what_they_wrote(
    two: tuple[Database, UUID, UUID], in_parallel: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    db, ana, luis = two
    monkeypatch.setattr("cauce.lifecycle.erase.LOCK_TIMEOUT", "100ms")
    started = threading.Event()

    def write() -> str:
        with db.connect(Role.OWNER) as conn:
            for turn in range(40):
                for person in (luis, ana):
                    try:
                        conn.execute("INSERT INTO chat_sessions (user_id, title) VALUES (%s, %s)", (person, f"t{turn}"))
                        conn.commit()
                    except psycopg.errors.ForeignKeyViolation:
                        conn.rollback()
                        return "refused"
                started.set()
                time.sleep(0.02)
        return "unhindered"

    def remove() -> UUID | None:
        started.wait(10)
        return erase(db, EMAIL).pseudonym

    assert in_parallel(write, remove) == ["refused", ana]
    assert {trace.split(":")[0] for trace in traces(db, ana)} <= {"public.audit_logs", "public.erasure_log"}


KILLED = """
import os, signal, sys
from pathlib import Path
from cauce.database import Database
from cauce.database.database import Address
from cauce.lifecycle import erase
from cauce.security.secrets import load_secrets
from cauce.settings import Settings
keys, home, host, port, name, email, step = sys.argv[1:]
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(erase, step, die)
db = Database(Address(host, int(port), name, ""), load_secrets(Path(keys)), Settings(home=Path(home)))
erase.erase(db, email)
"""


def kill_erasure(db: Database, step: str) -> None:
    """Erase Ana in a process of its own that is killed when it comes to a step."""
    address = db.address
    where = [os.environ[HOME], str(db.settings.home), address.host, str(address.port), address.name, EMAIL, step]
    process = subprocess.run([sys.executable, "-c", KILLED, *where], cwd=PROJECT, check=False)
    assert process.returncode == -signal.SIGKILL


def state_of_erasures(db: Database) -> list[tuple[Any, ...]]:
    with db.transaction(Role.OWNER) as conn:
        return conn.execute("SELECT pseudonym, status FROM erasure_log").fetchall()


@pytest.mark.parametrize("step", ["_leave_warehouse", "_leave_log", "_leave_rows", "_clear_actors"])
def test_a_killed_erasure_goes_on_when_it_is_asked_for_again(two: tuple[Database, UUID, UUID], step: str) -> None:
    db, ana, _ = two
    archive_month(db, OLD.date().replace(day=1))
    before = hashes_of_others(db, ana)
    kill_erasure(db, step)
    assert state_of_erasures(db) == [(ana, "running")]
    assert erase(db, EMAIL).pseudonym == ana
    assert state_of_erasures(db) == [(ana, "done")]
    deletions.done(db, [one.id for one in deletions.pending(db)])
    assert not any(re.search(TRACE, trace) for trace in traces(db, ana))
    assert hashes_of_others(db, ana) == before


def test_the_last_person_leaves_no_statistics_of_tables_that_are_empty_now(two: tuple[Database, UUID, UUID]) -> None:
    db, ana, _ = two
    plant(db, ana)
    erase(db, "luis@example.com")
    with psycopg.connect(db.address.superuser_url, dbname=db.address.name, autocommit=True) as conn:
        conn.execute("ANALYZE")
    erase(db, EMAIL)
    deletions.done(db, [one.id for one in deletions.pending(db)])
    assert [trace for trace in traces(db, ana) if "qzx" in trace] == []


def test_an_erasure_killed_before_its_sweep_is_finished_by_the_next_retention_run(
    two: tuple[Database, UUID, UUID],
) -> None:
    db, ana, _ = two
    plant(db, ana)
    with psycopg.connect(db.address.superuser_url, dbname=db.address.name, autocommit=True) as conn:
        conn.execute("ANALYZE")
    kill_erasure(db, "sweep")
    assert any("qzx" in trace for trace in traces(db, ana))
    retention.run(db, dry_run=True)
    assert state_of_erasures(db) == [(ana, "running")]
    retention.run(db)
    assert state_of_erasures(db) == [(ana, "done")]
    deletions.done(db, [one.id for one in deletions.pending(db)])
    assert not any("qzx" in trace for trace in traces(db, ana))


def test_an_erasure_that_somebody_still_sees_says_so_and_the_next_one_finishes_it(
    two: tuple[Database, UUID, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    db, ana, _ = two
    monkeypatch.setattr("cauce.lifecycle.sweep.PAUSES", ())
    with db.connect(Role.OWNER) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT 1")
        assert erase(db, EMAIL).lingering == 1
        assert state_of_erasures(db) == [(ana, "running")]
        assert dead_rows(db) > 0
    assert erase(db, "nobody@example.com").lingering == 0
    assert state_of_erasures(db) == [(ana, "done")]
    assert dead_rows(db) == 0


def dead_rows(db: Database) -> int:
    """How many rows of people a vacuum finds that are gone, removed by it or not yet."""
    said: list[str] = []
    with psycopg.connect(db.address.superuser_url, dbname=db.address.name, autocommit=True) as conn:
        conn.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
        conn.execute("VACUUM (VERBOSE, PROCESS_TOAST false) public.users")
    [found] = re.findall(r"tuples: (\d+) removed, \d+ remain, (\d+) are dead", "".join(said))
    return sum(map(int, found))
