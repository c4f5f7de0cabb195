"""Load one input: read, check, stage and merge it in one transaction with its ledger row.

Nothing of it is visible before that transaction commits, so a crash at any moment leaves no trace, and the same input
can be given again: what is already there counts as duplicate.
"""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg import errors

from cauce.database import Database, Role
from cauce.errors import RetriableError, SkippableError
from ingest import ledger, quarantine
from ingest.ahead import read_ahead
from ingest.detect import DOMAINS, detect
from ingest.formats import Chunk, Format, Rejection, Source
from ingest.merge import Merge, Withheld, merge_of
from ingest.opening import Opened
from ingest.report import FileReport, Progress
from ingest.staging import HERE, copy_frame, run_steps, staging_tables, unstorable

ATTEMPTS = 5
"""How often a load is tried when the database breaks it off in favour of another one."""

_TUNING = """
SET LOCAL work_mem = '64MB';
SET LOCAL jit = off;
SET LOCAL default_statistics_target = 10
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What to load, whose it is, and on what terms.

    `owner`: whose personal records, and events that name nobody, these are. `create_people`: register the people that
    events name. `only_owner`: refuse events that name anybody but the owner. `domains`: take formats of these domains
    only. `replays`: the row of the quarantine that this is the text of, to be resolved, or nothing is loaded.
    """

    db: Database
    opened: Opened
    name: str
    path: Path
    owner: UUID | None = None
    create_people: bool = False
    only_owner: bool = False
    domains: Sequence[str] = DOMAINS
    replays: UUID | None = None
    on_progress: Progress | None = None

    def run(self) -> FileReport:
        """Load it; the report accounts for every record.

        Raises `SkippableError` when the file as a whole is of no use, `RetriableError` when the database was busy or
        went away.
        """
        found = detect(self.opened.head, where=self.name, domains=self.domains)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self.db.transaction(Role.INGEST, tenant=self.owner) as conn:
                    return _run(conn, self, found)
            except (errors.DeadlockDetected, errors.SerializationFailure):
                self.db.sealer.ring.refresh()  # a key may have been exchanged since the texts were sealed
                time.sleep(random.uniform(0, 0.1 * 2**attempt))  # noqa: S311 - spreads the retries, no secret
            except (errors.DataError, errors.IntegrityError) as error:
                what = error.diag.constraint_name or error.diag.column_name or type(error).__name__
                raise SkippableError(
                    f"the database refused a record ({what})",
                    where=self.name,
                    action="nothing of the file was kept; report this as a defect of Cauce",
                ) from error
            except psycopg.OperationalError as error:
                raise RetriableError(
                    "the connection to the database was lost", where=self.name, action="load the file again"
                ) from error
        raise RetriableError("other loads were in the way", where=self.name, action="load the file again")


def _run(conn: psycopg.Connection, load: Load, found: Format) -> FileReport:
    entry = ledger.Entry(load.name, found.domain, found.name, found.version, load.opened.sha256, load.owner)
    ledger.lock_content(conn, entry)
    if load.replays is None and (repeat := ledger.repeat_of(conn, entry)) is not None:
        return repeat
    earlier = ledger.earlier_batch(conn, entry)
    conn.execute(_TUNING)
    batch = ledger.begin(conn, entry)
    begin_merge(conn, entry, batch, create_people=load.create_people, only_owner=load.only_owner)
    reading = _Reading(conn, load, found, merge_of(found.domain))
    reading.stage()
    reading.merge()
    if load.replays is not None:
        _resolve(conn, load.replays, batch, load.name, reading.read)
    run_steps(conn, HERE / "sql", "settle.sql")
    report = ledger.finish(conn, entry, batch, read=reading.read, ignored=reading.ignored, known=earlier is not None)
    if earlier is not None and load.replays is None and ledger.brought_nothing(conn, report):
        conn.rollback()  # the same input again leaves the same tables, the ledger too
        return replace(report, batch=earlier, message="loaded before")
    return report


def _resolve(conn: psycopg.Connection, row: UUID, batch: UUID, name: str, read: int) -> None:
    refused = conn.execute("SELECT reason FROM staged_quarantine ORDER BY record LIMIT 1").fetchone()
    if refused is not None or read == 0:
        reason = "it holds no record" if refused is None else f"it is refused again: {refused[0]}"
        raise SkippableError(f"the record stays in quarantine: {reason}", where=name, action="repair its text")
    quarantine.resolve(conn, row, batch)


def begin_merge(
    conn: psycopg.Connection, entry: ledger.Entry, batch: UUID, *, create_people: bool = False, only_owner: bool = False
) -> None:
    """Make the working tables of a load and describe it in `current_load`."""
    run_steps(conn, HERE / "sql", "begin.sql")
    conn.execute(
        """
        INSERT INTO current_load
          (batch_id, domain, format, format_version, content_sha256, owner_id, create_people, only_owner)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            batch,
            entry.domain,
            entry.format,
            entry.format_version,
            entry.content_sha256,
            entry.owner,
            create_people,
            only_owner,
        ),
    )
    conn.execute("ANALYZE current_load")


class _Reading:
    """One reading of an input into the staging tables, and their merge."""

    def __init__(self, conn: psycopg.Connection, load: Load, found: Format, merge: Merge) -> None:
        self._conn = conn
        self._load = load
        self._format = found
        self._merge = merge
        self._withheld = Withheld(load.db.sealer, load.owner)
        self._received = datetime.now(UTC)
        zone = conn.execute("SELECT timezone FROM users WHERE id = %s", (load.owner,)).fetchone()
        self._timezone = "UTC" if zone is None else str(zone[0])
        self._only_chunk: Chunk | None = None
        self.read = 0
        self.ignored: Counter[str] = Counter()

    def stage(self) -> None:
        """Put every record where it goes next: a staging table, the quarantine, or the count of what is ignored."""
        self._merge.stage(self._conn)
        self._tables = staging_tables(self._conn)
        self._rewrite = self._merge.begin(self._conn)
        with closing(read_ahead(self._positioned())) as chunks:
            for number, (chunk, position) in enumerate(chunks):
                self._only_chunk = chunk if number == 0 else None
                self._stage_chunk(chunk)
                if self._load.on_progress:
                    self._load.on_progress(self._load.name, self.read, position, self._load.opened.size)

    def _stage_chunk(self, chunk: Chunk) -> None:
        self.read += chunk.read
        self.ignored.update(chunk.ignored)
        self._quarantine(self._load.owner, chunk.rejections)
        if self._merge.personal and self._load.owner is None:
            self._quarantine(None, _unattributed(chunk))
        else:
            self._stage_frames(chunk)

    def merge(self) -> None:
        """Merge what is staged, and find the text of the records that the merge refused."""
        for table in self._tables.values():
            self._conn.execute(f"ANALYZE {table.name}")
        self._merge.ready(self._load.db, self._conn)
        self._merge.merge(self._conn)
        self._merge.seal(self._conn, self._withheld)
        refused = quarantine.refused(self._conn)
        waiting = next(refused, None)
        if waiting is None:
            return
        chunks = self._chunks() if self._only_chunk is None else iter([self._only_chunk])
        for chunk in chunks:
            last = max((int(frame["record"].max() or 0) for frame in chunk.frames.values()), default=0)  # type: ignore[arg-type]
            batch = []
            while waiting is not None and waiting[1].record <= last:
                batch.append(waiting)
                waiting = next(refused, None)
            if batch:
                texts = chunk.raw([item.record for _, item in batch])
                sealed = ((person, _with_text(item, raw)) for (person, item), raw in zip(batch, texts, strict=True))
                quarantine.stage(self._conn, self._load.db.sealer, sealed)
            if waiting is None:
                return

    def _chunks(self) -> Iterator[Chunk]:
        load = self._load
        load.opened.stream.seek(0)
        source = Source(
            path=load.path,
            stream=load.opened.stream,
            name=load.name,
            size=load.opened.size,
            received_at=self._received,
            timezone=self._timezone,
        )
        return self._format.read(source)

    def _positioned(self) -> Iterator[tuple[Chunk, int]]:
        """The chunks, each with how many bytes of the input had been read then."""
        for chunk in self._chunks():
            yield chunk, self._load.opened.stream.tell()

    def _stage_frames(self, chunk: Chunk) -> None:
        for kind, whole in chunk.frames.items():
            frame = self._merge.prepare(kind, self._rewrite(kind, whole), self._withheld)
            unfit = {item.record: item for item in unstorable(frame, self._tables[kind])}
            if unfit:
                texts = zip(unfit.values(), chunk.raw(list(unfit)), strict=True)
                refused = [Rejection(u.record, u.line, u.column, u.rule, u.reason, raw) for u, raw in texts]
                self._quarantine(self._load.owner, refused)
                frame = frame.filter(~frame["record"].is_in(list(unfit)))
            copy_frame(self._conn, self._tables[kind], frame)

    def _quarantine(self, person: UUID | None, rejections: Sequence[Rejection]) -> None:
        if rejections:
            quarantine.stage(self._conn, self._load.db.sealer, ((person, item) for item in rejections))


def _with_text(item: Rejection, raw: str) -> Rejection:
    return Rejection(item.record, item.line, item.column, item.rule, item.reason, raw)


def _unattributed(chunk: Chunk) -> list[Rejection]:
    reason = "is somebody's, and the file has no owner: load it with --user, or from a folder named by their e-mail"
    rejections: list[Rejection] = []
    for frame in chunk.frames.values():
        records, lines = frame["record"].to_list(), frame["line"].to_list()
        for record, line, raw in zip(records, lines, chunk.raw(records), strict=True):
            rejections.append(Rejection(record, line, None, "unattributed", reason, raw))
    return rejections
