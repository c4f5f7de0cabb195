"""Loading one input: a file of this machine, an upload, or a row of the quarantine again."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from cauce.database import Database, Role
from ingest import quarantine
from ingest.detect import DOMAINS
from ingest.load import Load
from ingest.opening import open_input, open_stream
from ingest.report import FileReport, Progress


def load_file(
    db: Database,
    path: Path,
    *,
    owner: UUID | None = None,
    create_user: bool = False,
    on_progress: Progress | None = None,
) -> FileReport:
    """Load one file. `owner` owns personal records and events that name nobody.

    `create_user` registers people whom events name. Raises `SkippableError` when the file as a whole is of no use and
    `RetriableError` when the database was busy or went away; nothing is kept then.
    """
    with open_input(path) as opened:
        load = Load(db, opened, path.name, path, owner=owner, create_people=create_user, on_progress=on_progress)
        return load.run()


def load_upload(
    db: Database,
    name: str,
    stream: BinaryIO,
    *,
    owner: UUID,
    domains: Sequence[str] = DOMAINS,
    on_progress: Progress | None = None,
) -> FileReport:
    """Load what a person uploads: all of it is theirs, and events that name anybody else are quarantined.

    `stream` is seekable; `domains` are those whose files are taken. Raises as `load_file` does.
    """
    name = Path(name).name
    with open_stream(stream, name) as opened:
        load = Load(
            db, opened, name, Path(name), owner=owner, only_owner=True, domains=domains, on_progress=on_progress
        )
        return load.run()


def load_stream(
    db: Database, name: str, stream: BinaryIO, *, owner: UUID | None = None, create_user: bool = False
) -> FileReport:
    """Load usage that was sent to this machine, in a seekable stream, as `load_file` loads a file of it."""
    with open_stream(stream, name) as opened:
        load = Load(db, opened, name, Path(name), owner=owner, create_people=create_user, domains=("usage",))
        return load.run()


def replay(db: Database, row: UUID, *, text: str | None = None, owner: UUID | None = None) -> FileReport:
    """Load a record of the quarantine again: as it is, or as `text`, its repaired text. The row is then resolved.

    `owner` is the person whose it is; a personal row without one needs it. Raises `SkippableError`, and changes
    nothing, when the record is refused again, or its text is not something that a format of its domain can read alone.
    """
    with db.transaction(Role.INGEST, tenant=owner) as conn:
        kept = quarantine.find(conn, row)
        original = quarantine.open_text(conn, db.sealer, kept)
    stream = io.BytesIO((original if text is None else text).encode())
    whose = kept.user_id or owner
    with open_stream(stream, kept.source_file) as opened:
        load = Load(
            db, opened, kept.source_file, Path(kept.source_file), owner=whose, domains=(kept.domain,), replays=kept.id
        )
        return load.run()
