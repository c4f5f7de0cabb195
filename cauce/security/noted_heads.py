"""Heads of the audit log noted outside its database: `home/audit/SYSTEM-DATABASE.heads` (0600), a line each.

A line is `noted` or `accepted`, a sequence, the hash of that entry, the time, and a MAC under a key the database does
not have. A log that lacks a noted head lost its end or was computed anew. `accepted` says that somebody took the log as
it was, after a restored backup: what was noted before no longer counts.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from cauce.database import Database, Role
from cauce.database.server_files import sync_folder
from cauce.errors import FatalError

ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class NotedHead:
    """An entry that the log had at a time (ISO 8601, UTC)."""

    sequence: int
    hash: bytes
    at: str


@dataclass(frozen=True, slots=True)
class Noted:
    """What is noted of a database's log: by sequence, the last one last; what is odd about it, in words.

    `alien_line` is the number of a line that is not ours, `alien_after` the sequence noted before it.
    """

    file: str
    heads: dict[int, NotedHead]
    remarks: tuple[str, ...] = ()
    alien_line: int | None = None
    alien_after: int = 0

    @property
    def last(self) -> NotedHead | None:
        """The head noted last."""
        return next(reversed(self.heads.values()), None)


def read(database: Database) -> Noted:
    """Read what is noted of the database's log; lines that are not ours and one that a crash tore are left out."""
    path = _path(database)
    try:
        *lines, torn = path.read_bytes().split(b"\n") if path.exists() else [b""]
        others = sorted(other.stem for other in path.parent.glob("*.heads") if other != path)
    except OSError as error:
        raise _unusable(path, error) from error
    heads: dict[int, NotedHead] = {}
    remarks = [f"the last line of {_shown(path)} was torn by a crash and does not count"] if torn else []
    alien_line, alien_after = None, 0
    for number, line in enumerate(lines, start=1):
        text, _, mac = line.rpartition(b" ")
        if not hmac.compare_digest(_mac(database, path, text), mac):
            if alien_line is None:
                alien_line, alien_after = number, max(heads, default=0)
            continue
        kind, sequence, digest, at = text.decode().split(" ")
        if kind == ACCEPTED:
            heads, alien_line, alien_after = {}, None, 0
        heads[int(sequence)] = NotedHead(int(sequence), bytes.fromhex(digest), at)
    if others and not heads:
        names = ", ".join(others)
        remarks.append(f"heads are noted of another database ({names}), of this one none: is it the right one?")
    return Noted(_shown(path), heads, tuple(remarks), alien_line, alien_after)


def note(database: Database, sequence: int, digest: bytes, *, kind: str = "noted") -> None:
    """Append a head and see it to the disk; the caller holds the lock on seals. A torn last line is cut off."""
    path = _path(database)
    text = f"{kind} {sequence} {digest.hex()} {datetime.now(UTC).isoformat(timespec='seconds')}".encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            file.truncate(file.seek(file.read().rfind(b"\n") + 1))
            file.write(text + b" " + _mac(database, path, text) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)  # a new file's name, too
    except OSError as error:
        raise _unusable(path, error) from error


def _path(database: Database) -> Path:
    """The file of this database: by the server's own identifier, which nobody can set by SQL, and its name."""
    with database.transaction(Role.OWNER) as conn:
        [(system,)] = conn.execute("SELECT system_identifier FROM pg_control_system()").fetchall()
    return database.settings.home / "audit" / f"{system}-{quote(database.address.name, safe='')}.heads"


def _mac(database: Database, path: Path, text: bytes) -> bytes:
    key = database.secrets.derive("audit-head:1")
    return hmac.new(key, path.name.encode() + b" " + text, hashlib.sha256).hexdigest().encode()


def _shown(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _unusable(path: Path, error: OSError) -> FatalError:
    return FatalError(
        f"the noted heads of the audit log cannot be read or written ({error.strerror})",
        where=_shown(path),
        action="make the file readable and writable for this user",
    )
