"""What is sealed is in plain text nowhere: not in tables, WAL, logs, dumps, marts or exports. What is not is found there.

The export of a person's own data is the one that opens it, for them: see `tests/cauce/lifecycle/test_export.py`.
"""

import base64
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import polars as pl
import psycopg
import pytest

from cauce.database import Database, Role
from cauce.database.server import EmbeddedServer, server_binaries
from cauce.lifecycle.archive import archive_month
from cauce.security.envelope import Place
from cauce.security.rotation import rotate, sealed_columns
from expectations.transform import run_dbt
from tests.conftest import HOME, make_person_in
from tests.migrations.rows import fill

STATEMENT = """<OFX><SIGNONMSGSRSV1><SONRS><FI><ORG>{control}<FID>30</FI></SONRS></SIGNONMSGSRSV1>
<STMTRS><CURDEF>MXN<BANKACCTFROM><BANKID>030<ACCTID>{secret}<ACCTTYPE>CHECKING</BANKACCTFROM><BANKTRANLIST>
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260201<TRNAMT>-10.00<FITID>1<NAME>{control}</STMTTRN>
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260201<TRNAMT>no number<FITID>2<NAME>{secret}</STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>1.00<DTASOF>20260228</LEDGERBAL></STMTRS></OFX>"""
BUDGETS = "name,category,amount,currency,period,start_date\n{secret},,100,MXN,monthly,2026-01-01\n"
CALL = (
    '{{"event_id": "{day}{tokens}", "timestamp": "{day}T12:00:00Z", "provider": "{control}", "model": "m",'
    ' "input_tokens": {tokens}, "output_tokens": 1}}'
)
MONTH, OLD_MONTH = date(2026, 3, 1), date(2024, 3, 1)
INPUTS = ("statement.ofx", "budgets.csv", "usage.jsonl")


class Written(NamedTuple):
    """A database that both have been written to, and what the commands printed meanwhile."""

    db: Database
    secret: str
    control: str
    wal: list[Path]
    printed: bytes
    exports: dict[str, bytes]

    def heap(self) -> Iterator[bytes]:
        with psycopg.connect(self.db.address.superuser_url, dbname=self.db.address.name) as conn:
            row = conn.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
        assert row is not None
        for path in sorted((server().data / "base" / str(row[0])).iterdir()):
            yield path.read_bytes()

    def dump(self) -> bytes:
        url = self.db.address.superuser_url.rsplit("/", 1)[0] + f"/{self.db.address.name}"
        return subprocess.run([server_binaries() / "pg_dump", url], capture_output=True, check=True).stdout


def server() -> EmbeddedServer:
    return EmbeddedServer(Path(os.environ[HOME]), fsync=False)


def spellings(text: str) -> list[bytes]:
    """The text as it is, in hexadecimal, and in base64 wherever it begins."""
    plain = text.encode()
    within = [base64.b64encode(b"x" * shift + plain)[4 if shift else 0 : -4] for shift in range(3)]
    return [plain, plain.lower(), plain.hex().encode(), plain.hex().upper().encode(), *within]


def holds(data: bytes, text: str) -> bool:
    return any(spelling in data for spelling in spellings(text))


@pytest.fixture(scope="module")
def written(shared_db: Database) -> Iterator[Written]:
    """Both texts through every door there is: the secret one to sealed columns, the other to plain ones."""
    db, home = shared_db, shared_db.settings.home
    secret, control = (f"{kind}{secrets.token_hex(12)}".upper() for kind in ("secret", "control"))
    make_person_in(db, "ana@example.com")
    luis = make_person_in(db, "luis@example.com")
    (home / "statement.ofx").write_text(STATEMENT.format(secret=secret, control=control))
    (home / "budgets.csv").write_text(BUDGETS.format(secret=secret))
    calls = [CALL.format(day=day.replace(day=5), control=control, tokens=7) for day in (MONTH, OLD_MONTH)]
    calls.append(CALL.format(day=MONTH, control=secret, tokens=-1))
    (home / "usage.jsonl").write_text("\n".join(calls))
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE users SET name = %s WHERE id = %s", (control, luis))
        conn.execute(
            "INSERT INTO model_prices (provider, model, valid_from, input_price, output_price) VALUES (%s, 'm', '2024-01-01', 1, 1)",
            (control.lower(),),
        )
    with psycopg.connect(db.address.superuser_url, dbname=db.address.name, autocommit=True) as superuser:
        # The slot keeps the server from recycling what is written from here on.
        superuser.execute("SELECT pg_create_physical_replication_slot(%s, true, true)", (control.lower(),))
        [first] = superuser.execute("SELECT pg_walfile_name(pg_current_wal_lsn())").fetchall()[0]
        ingested = cauce(db, "ingest", *INPUTS, "--user", "ana@example.com")
        with db.transaction(Role.OWNER) as conn:
            fill(conn, luis)
            for column in sealed_columns():
                sealed = db.sealer.seal(secret, Place(column.table, column.column, luis, luis))
                conn.execute(column.sql("UPDATE {table} SET {column} = %s WHERE id = %s"), (sealed, luis))
        rotate(db)
        archive_month(db, OLD_MONTH)
        run_dbt(db, ["run", "--full-refresh"])
        with db.transaction(Role.TRANSFORM) as conn:
            conn.execute("ALTER SCHEMA marts_candidate RENAME TO marts; GRANT USAGE ON SCHEMA marts TO cauce_admin")
        superuser.execute("CHECKPOINT")
        [last] = superuser.execute("SELECT pg_walfile_name(pg_current_wal_insert_lsn())").fetchall()[0]
        wal = [path for path in sorted((server().data / "pg_wal").iterdir()) if first <= path.name <= last]
        exports = dict(exported(db))
        yield Written(db, secret, control, wal, ingested.stdout + ingested.stderr, exports)


def exported(db: Database) -> Iterator[tuple[str, bytes]]:
    """What each command that writes a file for others wrote, unpacked where it is packed."""
    home = db.settings.home
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE model_prices SET input_price = 2")  # so that there is something to reprice
        [(number,)] = conn.execute("SELECT number FROM invoices WHERE status = 'final'").fetchall()
    for name, command in {
        "focus.csv": ("export", "focus", f"{MONTH:%Y-%m}", "-o"),
        "focus.parquet": ("export", "focus", f"{MONTH:%Y-%m}", "-o"),
        "invoice.pdf": ("billing", "pdf", number, "-o"),
        "reprice.csv": ("reprice", "--dry-run", "--csv"),
    }.items():
        done = cauce(db, *command, name)
        assert done.returncode == 0, done.stderr
        yield name, (home / name).read_bytes()
    yield "archive.csv", cauce(db, "archive", "query", "SELECT * FROM usage_logs").stdout
    [archive] = (home / "archive").rglob("*.parquet")
    yield "archive.parquet", archive.read_bytes()
    for packed in (home / "focus.parquet", archive):
        yield f"{packed.name}, unpacked", pl.read_parquet(packed).write_json().encode()


def cauce(db: Database, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "cauce", *arguments],
        env=environment(db), cwd=db.settings.home, capture_output=True, check=False,
    )  # fmt: skip
    assert b"Traceback" not in done.stderr
    return done


def environment(db: Database) -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    secret = (Path(os.environ[HOME]) / "secrets" / "key").read_text().strip()
    url = db.address.superuser_url.rsplit("/", 1)[0] + f"/{db.address.name}"
    project = str(Path(__file__).parents[3])
    return {
        **kept,
        "CAUCE_HOME": str(db.settings.home),
        "CAUCE_SECRET_KEY": secret,
        "DATABASE_URL": url,
        "PYTHONPATH": project,
    }


def test_everything_sealed_was_written_and_opens(written: Written) -> None:
    opened = 0
    with written.db.transaction(Role.OWNER) as conn:
        for column in sealed_columns():
            for person, row, sealed in conn.execute(
                column.sql("SELECT user_id, id, {column} FROM {table} WHERE {column} IS NOT NULL")
            ).fetchall():
                place = Place(column.table, column.column, person, row)
                opened += written.secret in written.db.sealer.open(sealed, place)
        number = conn.execute(
            "SELECT account_mask, account_number_sealed IS NULL FROM financial_accounts WHERE balance = 1"
        )
        assert number.fetchall() == [(written.secret[-4:], False)]
    assert opened == len(sealed_columns()) + 4  # Ana's account; her transaction, budget and call in quarantine


def test_tables_hold_no_plain_secret(written: Written) -> None:
    found = [(holds(data, written.secret), holds(data, written.control)) for data in written.heap()]
    assert not any(secret for secret, _ in found)
    assert any(control for _, control in found)


def test_the_write_ahead_log_holds_no_plain_secret(written: Written) -> None:
    segments = [path.read_bytes() for path in written.wal]
    assert not any(holds(data, written.secret) for data in segments)
    assert any(holds(data, written.control) for data in segments)


def test_a_dump_holds_no_plain_secret_and_the_marts_are_in_it(written: Written) -> None:
    dump = written.dump()
    assert not holds(dump, written.secret)
    tables = [part.split(b" ", 1)[0] for part in dump.split(b"\nCOPY ") if holds(part, written.control)]
    assert b"public.financial_accounts" in tables
    assert b"marts.account_balances" in tables


def test_exports_hold_no_plain_secret(written: Written) -> None:
    assert len(written.exports) == 8
    assert [name for name, data in written.exports.items() if holds(data, written.secret)] == []
    silent = {name for name, data in written.exports.items() if not holds(data, written.control)}
    assert silent <= {"reprice.csv", "focus.parquet", "archive.parquet"}  # people and costs only; packed
    assert b"ana@example.com" in written.exports["reprice.csv"]


def test_logs_and_what_is_printed_hold_no_plain_secret(written: Written) -> None:
    logs = [path for home in (server().home, written.db.settings.home) for path in sorted(home.rglob("*.log*"))]
    assert logs
    assert not any(holds(path.read_bytes(), written.secret) for path in logs)
    assert b"statement.ofx" in written.printed
    assert not holds(written.printed, written.secret)


@pytest.mark.parametrize("position", range(3))
def test_the_search_finds_every_spelling(position: int) -> None:
    plain = b"x" * position + b"SECRET0123456789" + b"yyy"
    for data in (plain, plain.lower(), plain.hex().encode(), base64.b64encode(plain)):
        assert holds(data, "SECRET0123456789")
    assert not holds(plain[:-8], "SECRET0123456789")
