"""What the load engine knows of a domain's merge: its SQL steps, and what a frame needs before it is staged."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import cast
from uuid import UUID

import polars as pl
import psycopg

from cauce.database import Database
from cauce.security.envelope import Sealer
from ingest.staging import HERE, run_steps


@dataclass(frozen=True, slots=True)
class Withheld:
    """What a load must not let into the staging tables: `texts` by the keyed hash that stands for them there."""

    sealer: Sealer
    owner: UUID | None
    texts: dict[bytes, str] = field(default_factory=dict)


Prepare = Callable[[str, pl.DataFrame, Withheld], pl.DataFrame]
Rewrite = Callable[[str, pl.DataFrame], pl.DataFrame]
Begin = Callable[[psycopg.Connection], Rewrite]
Ready = Callable[[Database, psycopg.Connection], None]
Seal = Callable[[psycopg.Connection, Withheld], None]


@dataclass(frozen=True, slots=True)
class Merge:
    """The merge of one domain. `personal`: every record belongs to the owner of the file, and to nobody without one.

    The folder `ingest/<domain>/merge/` holds the steps: `00_stage.sql` makes the staging tables, the numbered ones
    after it bring each staged record to an outcome (rows of `tally`, or of `refused` to be quarantined), `undo.sql`
    takes a batch back. They read the load from the one row of `current_load`. `begin` is called before the first
    record is read, for what only the database knows, and gives what rewrites each frame with it; `prepare` rewrites a
    frame before it is staged and withholds what must not be, `ready` is called once everything is staged, `seal` once
    all is merged: then each row that a withheld text belongs to has its id, to which the text is sealed.
    """

    domain: str
    personal: bool
    begin: Begin = lambda _conn: lambda _kind, frame: frame
    prepare: Prepare = lambda _kind, frame, _withheld: frame
    ready: Ready = lambda _db, _conn: None
    seal: Seal = lambda _conn, _withheld: None

    @property
    def folder(self) -> Path:
        """Where the steps are."""
        return HERE / self.domain / "merge"

    def stage(self, conn: psycopg.Connection) -> None:
        """Make the staging tables."""
        run_steps(conn, self.folder, "00_*.sql")

    def merge(self, conn: psycopg.Connection) -> None:
        """Bring every staged record to its outcome."""
        run_steps(conn, self.folder, "[1-9]?_*.sql")

    def undo(self, conn: psycopg.Connection) -> None:
        """Take back what the batch of `current_load` loaded."""
        run_steps(conn, self.folder, "undo.sql")


def merge_of(domain: str) -> Merge:
    """The merge of a domain."""
    return cast(Merge, import_module(f"ingest.{domain}.merge").MERGE)
