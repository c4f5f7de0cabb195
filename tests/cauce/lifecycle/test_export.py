"""An export is everything about one person, for its owner only, and never without an entry in the audit log."""

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from cauce.database import Database, Role
from cauce.errors import FatalError
from cauce.lifecycle.classification import DataClass, TableData, tables
from cauce.lifecycle.export import export
from cauce.models import Base
from cauce.security.audit import entries
from cauce.settings import PROJECT
from tests.cauce.lifecycle.canaries import EMAIL, read_export
from tests.conftest import HOME, make_person_in, sign_in_to
from tests.migrations.rows import fill

DIFFERENTLY: dict[str, list[LiteralString]] = {
    "archived_usage_daily": ["local_date = local_date - 1"],
    "budgets": ["start_date = start_date - 1"],
    "health_measurements": ["external_id = 'second'"],
    "invoices": ["currency = 'USD'"],
    "mcp_integrations": ["provider = 'SLACK'"],
    "medication_fills": ["external_id = 'second'"],
    "medications": ["external_id = 'second'"],
    "monthly_usage": ["year = year - 1"],
    "payments": ["external_id = 'second'"],
    "storage_folders": ["path = '/second'"],
    "support_messages": ["is_staff = true"],
    "usage_alerts": ["year = year - 1"],
    "user_agent_permissions": ["agent_id = uuidv7()"],
    "user_timezones": ["valid_from = '2020-01-01'"],
}
"""What a second row of a person must have differently."""
ONE_EACH = """
SELECT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND i.indkey::text = a.attnum::text
  WHERE i.indisunique AND i.indrelid = to_regclass(%s) AND a.attname = %s)
"""


@pytest.fixture
def conn(two: tuple[Database, UUID, UUID]) -> Iterator[psycopg.Connection]:
    """A connection that no rule stops."""
    db, *_ = two
    with psycopg.connect(db.address.superuser_url, dbname=db.address.name, autocommit=True) as conn:
        conn.execute("SET session_replication_role = replica")
        yield conn


def owned_by(table: TableData, person: UUID) -> sql.Composed:
    """That the table's rows are the person's own; to set as well as to ask."""
    return sql.SQL("{} = {}").format(sql.Identifier(str(table.owner)), person)


def of_person(table: TableData, person: UUID) -> sql.Composable | None:
    """Which rows of a table are the person's own or about them; None where none can be."""
    about = [
        sql.SQL("{} = {}").format(sql.Identifier(column), person) for column in table.of_class(DataClass.PSEUDONYM)
    ]
    if table.owner:
        about.append(owned_by(table, person))
    if table.address:
        about.append(sql.SQL("lower({}) = {}").format(sql.Identifier(table.address), EMAIL))
    return sql.SQL(" OR ").join(about) if about else None


def count(conn: psycopg.Connection, table: str, where: sql.Composable) -> int:
    query = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(sql.Identifier("public", table), where)
    return int(conn.execute(query).fetchall()[0][0])


def give_second_rows(db: Database, conn: psycopg.Connection, ana: UUID) -> None:
    """Somebody else gets a row everywhere, and all of it is made Ana's."""
    eva = make_person_in(db, "eva@example.com")
    with db.transaction(Role.OWNER) as filler:
        fill(filler, eva)
        filler.execute(
            "INSERT INTO invitations (email, token, role, status) VALUES (%s, repeat('cd', 32), 'USER', 'EXPIRED')",
            (EMAIL,),
        )
        filler.execute("SELECT request_sign_in(%s, repeat('ef', 32), '1 hour')", (EMAIL,))
    sign_in_to(db, "eva@example.com", ip="192.0.2.8", user_agent="Eva")
    with db.transaction(Role.OWNER) as filler:
        filler.execute("SELECT request_sign_in(%s, repeat('ab', 32), '1 hour')", (EMAIL,))
    for table in tables("public"):
        owned = table.owner and table.name in Base.metadata.tables  # a view's rows are those of its tables
        if not owned or is_one_each(conn, table) or count(conn, table.name, owned_by(table, ana)) > 1:
            continue
        changes = sql.SQL(", ").join([owned_by(table, ana), *map(sql.SQL, DIFFERENTLY.get(table.name, []))])
        conn.execute(
            sql.SQL("UPDATE {} SET {} WHERE {}").format(sql.Identifier(table.name), changes, owned_by(table, eva))
        )


def is_one_each(conn: psycopg.Connection, table: TableData) -> bool:
    """Whether a rule gives everybody at most one row."""
    return conn.execute(ONE_EACH, (table.name, table.owner)).fetchone() == (True,)


def test_every_row_and_column_that_is_a_persons_is_in_the_export(
    two: tuple[Database, UUID, UUID], conn: psycopg.Connection, tmp_path: Path
) -> None:
    db, ana, _ = two
    give_second_rows(db, conn, ana)
    export(db, EMAIL, tmp_path / "ana.zip")
    parts = read_export(tmp_path / "ana.zip")

    expected: dict[str, tuple[int, list[str]]] = {}
    for table in tables("public"):
        where = of_person(table, ana)
        rows = count(conn, table.name, where) if where else 0
        if rows:
            expected[table.name] = rows, sorted(set(table.columns) - set(table.of_class(DataClass.SECRET)))
        if table.address or (table.owner and table.name in Base.metadata.tables and not is_one_each(conn, table)):
            assert rows > 1, f"{table.name} has no second row: add one to tests/migrations/rows, or to DIFFERENTLY"
    exported = {
        name.removeprefix("tables/"): (len(rows), sorted(set().union(*rows)))
        for name, rows in parts.items()
        if name.startswith("tables/") and name != "tables/references"
    }
    assert exported == expected
    assert len(expected) > 60


def test_whom_a_person_did_something_to_and_what_was_done_to_them_is_in_the_export(
    two: tuple[Database, UUID, UUID], conn: psycopg.Connection, tmp_path: Path
) -> None:
    db, ana, luis = two
    conn.execute(
        "INSERT INTO model_prices (provider, model, valid_from, input_price) VALUES ('us', 'm', '2026-01-01', 1)"
    )
    conn.execute("UPDATE support_messages SET is_staff = true, is_ai = false")
    conn.execute("INSERT INTO closed_months (month) VALUES ('2026-01-01')")
    expected = []
    for table in tables("public"):
        for column in table.of_class(DataClass.ACTOR):
            whose = owned_by(table, luis) if table.owner else sql.SQL("true")
            done = sql.SQL("UPDATE {} SET {} = {} WHERE {}").format(
                sql.Identifier(table.name), sql.Identifier(column), ana, whose
            )
            expected += [(table.name, column)] * conn.execute(done).rowcount
            assert (table.name, column) in expected
    export(db, EMAIL, tmp_path / "ana.zip")
    parts = read_export(tmp_path / "ana.zip")
    named = parts["tables/references"]
    assert sorted((row["table"], row["as"]) for row in named) == sorted(expected)
    [granted] = [row["row"] for row in named if row["table"] == "user_agent_permissions"]
    assert (sorted(granted), granted["user_id"]) == (["id", "user_id"], str(luis))  # which row, not what is in it
    [price] = [row["row"] for row in named if row["table"] == "model_prices"]
    assert (price["model"], price["created_by"]) == ("m", str(ana))
    told = [(row["action"], row["admin_id"], row["target_id"]) for row in parts["tables/audit_logs"]]
    assert ("EXPORT_PERSON", None, str(ana)) in told
    assert ("SIGN_IN", str(ana)) in [entry[:2] for entry in told]


def test_no_secret_is_in_the_export(two: tuple[Database, UUID, UUID], conn: psycopg.Connection, tmp_path: Path) -> None:
    """Tokens of links, sessions and shares, and every hash: in no column, and in no entry of a log."""
    db, ana, _ = two
    session = sign_in_to(db, EMAIL)
    conn.execute("INSERT INTO erased_addresses (address_hash) VALUES (sha256('somebody'))")
    planted = {}
    for table in tables("public"):
        for column in table.of_class(DataClass.SECRET):
            text = hashlib.sha256(f"{table.name}.{column}".encode()).hexdigest()
            kind = conn.execute(
                "SELECT atttypid::regtype::text FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = %s",
                (table.name, column),
            ).fetchone()
            text = f"$scrypt${text}" if column == "password" else text
            value = bytes.fromhex(text) if kind == ("bytea",) else UUID(text[:32]) if kind == ("uuid",) else text
            one = sql.SQL("UPDATE {0} SET {1} = {2} WHERE ctid = (SELECT ctid FROM {0} WHERE {3} LIMIT 1)").format(
                sql.Identifier(table.name), sql.Identifier(column), value, of_person(table, ana) or sql.SQL("true")
            )
            assert conn.execute(one).rowcount == 1, f"{table.name}.{column}"
            planted[f"{table.name}.{column}"] = str(value) if kind == ("uuid",) else text
    export(db, EMAIL, tmp_path / "ana.zip")
    with zipfile.ZipFile(tmp_path / "ana.zip") as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist()).decode().lower()
    assert len(planted) > 10
    assert [place for place, text in planted.items() if text in whole] == []
    assert session.lower() not in whole


def test_the_log_is_told_before_the_first_row_is_read(
    two: tuple[Database, UUID, UUID], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, ana, _ = two
    told = []

    def rows_of(*_: object) -> Iterator[dict[str, object]]:
        told.append([(entry.action, entry.target_id) for entry in entries(db, limit=1)])
        return iter(())

    monkeypatch.setattr("cauce.lifecycle.export._rows_of", rows_of)
    export(db, EMAIL, tmp_path / "ana.zip")
    assert told[0] == [("EXPORT_PERSON", ana)]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_of_an_export_that_fails_nothing_is_left_and_the_log_knows_it(
    two: tuple[Database, UUID, UUID], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    db, ana, _ = two

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("cauce.lifecycle.export._add_marts", fail)
    with pytest.raises(error):
        export(db, EMAIL, tmp_path / "ana.zip")
    assert list(tmp_path.glob("*zip*")) + list(tmp_path.glob(".*")) == []
    assert [entry.target_id for entry in entries(db, action="EXPORT_PERSON")] == [ana]


def test_an_export_leaves_one_that_is_at_work_alone(
    two: tuple[Database, UUID, UUID], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, ana, _ = two

    def meanwhile(_database: Database, _writer: object, person: UUID) -> None:
        if person == ana:
            export(db, "luis@example.com", tmp_path / "luis.zip")

    monkeypatch.setattr("cauce.lifecycle.export._add_marts", meanwhile)
    export(db, EMAIL, tmp_path / "ana.zip")
    assert [len(read_export(tmp_path / f"{name}.zip")["tables/users"]) for name in ("ana", "luis")] == [1, 1]


KILLED = """
import os, signal, sys
from pathlib import Path
from cauce.database import Database
from cauce.database.database import Address
from cauce.lifecycle import export
from cauce.security.secrets import load_secrets
from cauce.settings import Settings
keys, home, host, port, name, email, path = sys.argv[1:]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
export._add_marts = die
db = Database(Address(host, int(port), name, ""), load_secrets(Path(keys)), Settings(home=Path(home)))
export.export(db, email, Path(path))
"""


def test_what_a_killed_export_left_goes_with_the_next_one_and_the_log_knows_both(
    two: tuple[Database, UUID, UUID], tmp_path: Path
) -> None:
    db, ana, luis = two
    where = [os.environ[HOME], str(db.settings.home), db.address.host, str(db.address.port), db.address.name]
    process = subprocess.run(
        [sys.executable, "-c", KILLED, *where, EMAIL, str(tmp_path / "ana.zip")], cwd=PROJECT, check=False
    )
    assert process.returncode == -signal.SIGKILL
    [left] = tmp_path.glob(".*")
    assert (left.stat().st_size > 0, stat.S_IMODE(left.stat().st_mode)) == (True, 0o600)
    assert [entry.target_id for entry in entries(db, action="EXPORT_PERSON")] == [ana]
    export(db, "luis@example.com", tmp_path / "luis.zip")
    assert [path.name for path in tmp_path.iterdir() if "zip" in path.name] == ["luis.zip"]
    assert [entry.target_id for entry in entries(db, action="EXPORT_PERSON")] == [ana, luis]


def test_an_export_is_for_its_owner_only_and_says_what_is_left_out(
    two: tuple[Database, UUID, UUID], tmp_path: Path
) -> None:
    db, ana, luis = two
    parts = export(db, EMAIL.upper(), tmp_path / "ana.zip")
    assert stat.S_IMODE((tmp_path / "ana.zip").stat().st_mode) == 0o600
    with zipfile.ZipFile(tmp_path / "ana.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert all(part.file in archive.read("README.md").decode() for part in parts)
        whole = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert manifest["person"] == EMAIL
    [sessions] = [part for part in manifest["files"] if part["file"] == "tables/auth_sessions.jsonl"]
    assert list(sessions["left_out"]) == ["session_token"]
    assert f"{ana.hex}{ana.hex}" not in whole
    assert str(luis) not in whole
    assert "luis@example.com" not in whole
    assert [entry.target_id for entry in entries(db, action="EXPORT_PERSON")] == [ana]
    with pytest.raises(FatalError, match="such a file already"):
        export(db, EMAIL, tmp_path / "ana.zip")
    with pytest.raises(FatalError, match="nobody has the address"):
        export(db, "nobody@example.com", tmp_path / "nobody.zip")
    assert sorted(path.name for path in tmp_path.iterdir() if "zip" in path.name) == ["ana.zip"]
