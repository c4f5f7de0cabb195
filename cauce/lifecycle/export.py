"""Everything about one person, readable, in one archive."""

import fcntl
import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import polars as pl
import psycopg
from psycopg import sql

from cauce.database import Database, Role
from cauce.errors import CauceError, FatalError
from cauce.lifecycle.archive import TABLE
from cauce.lifecycle.archive_reading import scan_archive
from cauce.lifecycle.classification import DataClass, TableData, tables
from cauce.models import Base
from cauce.security import audit
from cauce.security.envelope import Place

READ_ME = """\
# Tus datos / Your data

Un archivo JSON Lines por tabla: una fila por línea. `manifest.json` dice qué hay y qué falta, y por qué.
One JSON Lines file per table: one row per line. `manifest.json` says what is here, what is left out, and why.

| archivo / file | filas / rows | qué es / what it is |
|---|---:|---|
"""
LEFT_OUT = "a hash of a secret, or a keyed hash: it says nothing about you and would help whoever found this archive"
Row = dict[str, Any]
_PART = ".export.part"


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the archive: where its rows are from, what they are, how many, and its SHA-256."""

    file: str
    about: str
    rows: int
    sha256: str
    left_out: dict[str, str]


def export(database: Database, email: str, path: Path) -> list[Part]:
    """Write everything about a person to a zip archive that only its owner can read (0600).

    Sealed columns are opened; archived usage and published marts are in it. The audit log is told before the first row
    is read. Raises `FatalError` when nobody has the address or the file exists already.
    """
    with database.transaction(Role.OWNER) as conn:
        found = conn.execute("SELECT id, email FROM users WHERE lower(email) = lower(%s)", (email.strip(),)).fetchone()
    if found is None:
        raise FatalError(f"nobody has the address {email}", action="check it; `cauce link` makes people")
    person, address = UUID(str(found[0])), str(found[1])
    with _private(path) as file:
        with database.transaction(Role.OWNER) as conn:
            audit.record(conn, "EXPORT_PERSON", target_type="users", target_id=person)
        with database.connect(Role.OWNER) as conn, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            writer = _Writer(archive)
            for table in tables("public"):
                writer.add(
                    f"tables/{table.name}", _about(table), _rows_of(database, conn, table, person, address), table
                )
            writer.add(
                "tables/references",
                "Rows of others that name you as the one who did something.",
                _references(conn, person),
            )
            writer.add(f"archive/{TABLE}", "Your calls of months that were archived.", _archived(database, person))
            _add_marts(database, writer, person)
            writer.close(address)
    return writer.parts


class _Writer:
    """The files of an archive, one after the other."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.parts: list[Part] = []

    def add(self, name: str, about: str, rows: Iterable[Row], table: TableData | None = None) -> None:
        """Write rows as JSON Lines; a file without rows is not written."""
        digest, count = hashlib.sha256(), 0
        left_out = dict.fromkeys(table.of_class(DataClass.SECRET), LEFT_OUT) if table else {}
        pending = iter(rows)
        first = next(pending, None)
        if first is None:
            return
        with self._archive.open(f"{name}.jsonl", "w") as file:
            for row in chain((first,), pending):
                line = json.dumps(row, ensure_ascii=False, default=str).encode() + b"\n"
                digest.update(line)
                file.write(line)
                count += 1
        self.parts.append(Part(f"{name}.jsonl", about, count, digest.hexdigest(), left_out))

    def close(self, address: str) -> None:
        """Write the manifest and the index."""
        manifest = {
            "person": address,
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "files": [asdict(part) for part in self.parts],
        }
        self._archive.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=2))
        index = "".join(f"| {part.file} | {part.rows} | {part.about} |\n" for part in self.parts)
        self._archive.writestr("README.md", READ_ME + index)


def _rows_of(
    database: Database, conn: psycopg.Connection, table: TableData, person: UUID, address: str
) -> Iterator[Row]:
    """The person's own rows of a table, and the entries of a log that are about them."""
    names = [column for column, kind in table.columns.items() if kind is not DataClass.SECRET]
    about = [
        sql.SQL("{} = %(person)s").format(sql.Identifier(column)) for column in table.of_class(DataClass.PSEUDONYM)
    ]
    if table.owner:
        about.append(sql.SQL("{} = %(person)s").format(sql.Identifier(table.owner)))
    if table.address:
        about.append(sql.SQL("lower({}) = lower(%(address)s)").format(sql.Identifier(table.address)))
    if not about:
        return
    where = sql.SQL(" OR ").join(about)
    sealed = table.of_class(DataClass.SEALED)
    for row in _rows(conn, table, names, where, {"person": person, "address": address}):
        for column in sealed:
            if row[column] is not None:
                place = Place(table.name, column, _id(row.get("user_id")), UUID(row["id"]))
                row[column] = _opened(database, bytes.fromhex(row[column].removeprefix("\\x")), place)
        yield row


def _references(conn: psycopg.Connection, person: UUID) -> Iterator[Row]:
    """Where the person is named in rows of others: which, never what they hold; of rows of nobody, the row."""
    for table in tables("public"):
        for column in table.of_class(DataClass.ACTOR):
            key = [part.name for part in Base.metadata.tables[table.name].primary_key]
            names = key if table.owner or table.address else list(table.columns)
            where = sql.SQL("{} = %(person)s").format(sql.Identifier(column))
            if table.owner:
                where += sql.SQL(" AND {} <> %(person)s").format(sql.Identifier(table.owner))
            for row in _rows(conn, table, names, where, {"person": person}):
                yield {"table": table.name, "as": column, "row": row}


def _add_marts(database: Database, writer: _Writer, person: UUID) -> None:
    with database.transaction(Role.TRANSFORM) as conn:
        there = conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'marts'").fetchall()
        for table in tables("marts"):
            if table.owner and (table.name,) in there:
                where = sql.SQL("{} = %(person)s").format(sql.Identifier(table.owner))
                rows = _rows(conn, table, list(table.columns), where, {"person": person})
                writer.add(f"marts/{table.name}", "Figures made of the tables.", rows)


def _rows(
    conn: psycopg.Connection, table: TableData, columns: list[str], where: sql.Composable, values: Row
) -> Iterator[Row]:
    """Rows as PostgreSQL writes them in JSON, numbers as the texts they are: it knows instants that Python does not."""
    query = sql.SQL("SELECT row_to_json(t)::text FROM (SELECT {} FROM {} WHERE {}) t").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table.schema, table.name), where
    )
    with conn.cursor(name="export") as cursor:
        for (text,) in cursor.execute(query, values):
            yield json.loads(text, parse_float=str)


def _archived(database: Database, person: UUID) -> Iterator[Row]:
    yield from scan_archive(database).filter(pl.col("user_id") == str(person)).collect().iter_rows(named=True)


def _opened(database: Database, sealed: bytes, place: Place) -> str:
    """What was sealed; one value that does not open any more must not keep the person from all others."""
    try:
        return database.sealer.open(sealed, place)
    except CauceError as error:
        return f"({error.message})"


def _id(value: str | None) -> UUID | None:
    return UUID(value) if value else None


def _about(table: TableData) -> str:
    """The first sentence of the model's description."""
    mapper = next((m for m in Base.registry.mappers if m.local_table is Base.metadata.tables.get(table.name)), None)
    return ((mapper.class_.__doc__ if mapper else None) or table.name).split("\n")[0]


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    """A new file that nobody else can read, called `path` once it is whole; of one that fails nothing is left.

    What killed exports left in the folder goes; one that is at work holds a lock on its file.
    """
    if path.exists():
        raise FatalError("there is such a file already", where=path.name, action="choose another name with -o")
    part = path.with_name(f".{path.name}{_PART}")
    try:
        for other in path.parent.glob(f".*{_PART}"):
            _remove_leftover(other)
        file = os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except OSError as error:
        raise FatalError(
            f"the archive cannot be written ({error.strerror})", where=path.name, action="choose another place with -o"
        ) from error
    try:
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _remove_leftover(part: Path) -> None:
    with part.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        part.unlink(missing_ok=True)
