"""Files and folders to load: which files there are, and whose each one is."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cauce.database import Database, Role
from cauce.errors import FatalError, SkippableError
from cauce.security.people import erased
from ingest.load import Load
from ingest.opening import open_input
from ingest.report import FileReport, Progress

_EMAIL = re.compile(r"[^@\s|]+@[^@\s|]+\.[^@\s|.]{2,}")


@dataclass(frozen=True, slots=True)
class Found:
    """A file to load; `email` is that of the nearest folder named like an e-mail address, if there is one."""

    path: Path
    email: str | None


def find_files(paths: Iterable[Path]) -> Iterator[Found]:
    """Give the files among `paths` and in the folders there, in the order of their names; hidden ones are left out."""
    for path in paths:
        if path.is_dir():
            inside = (p for p in sorted(path.rglob("*")) if not _hidden(p.relative_to(path)) and p.is_file())
            yield from (Found(p, _owner(p)) for p in inside)
        else:
            yield Found(path, _owner(path))


def load_paths(
    db: Database,
    paths: Sequence[Path],
    *,
    owner_email: str | None = None,
    create_user: bool = False,
    on_progress: Progress | None = None,
) -> list[FileReport]:
    """Load every file of `paths`; one that cannot be used is reported as failed, and the others go on.

    `owner_email` owns personal files and events that name nobody, unless a folder named like an e-mail address says
    otherwise. `create_user` registers people who are named and not known yet. Raises `FatalError` when `owner_email`
    is not registered, and `RetriableError` when the database goes away.
    """
    owner = None
    if owner_email is not None:
        owner = find_person(db, owner_email, create=create_user)
        if owner is None:
            raise FatalError(
                "there is no such person",
                where=owner_email,
                action="check the address, or make them with --create-user (with `cauce link`, if they were erased)",
            )
    reports = []
    for found in find_files(paths):
        try:
            reports.append(_load(db, found, owner, create_user=create_user, on_progress=on_progress))
        except SkippableError as error:
            reports.append(FileReport(found.path.name, message=str(error), failed=True))
    return reports


def _load(
    db: Database, found: Found, owner: UUID | None, *, create_user: bool, on_progress: Progress | None
) -> FileReport:
    if found.email is not None:
        owner = find_person(db, found.email, create=create_user)
        if owner is None and (day := erased(db, [found.email]).get(found.email.lower())):
            return FileReport(found.path.name, message=f"not loaded: its person was erased on {day}; delete the file")
    with open_input(found.path) as opened:
        load = Load(
            db, opened, found.path.name, found.path, owner=owner, create_people=create_user, on_progress=on_progress
        )
        return load.run()


def find_person(db: Database, email: str, *, create: bool) -> UUID | None:
    """The person with an e-mail address, made when asked to; None when there is none, or they were erased.

    Raises `FatalError` when a person is to be made and the text is not an e-mail address.
    """
    if create and not _EMAIL.fullmatch(email):
        raise FatalError("this is not an e-mail address", where=email, action="write it as name@example.com")
    create = create and not erased(db, [email])
    with db.transaction(Role.INGEST) as conn:
        if create:
            conn.execute(
                "INSERT INTO users (email) VALUES (%s) ON CONFLICT (lower(email)) DO NOTHING", (email.lower(),)
            )
        found = conn.execute("SELECT id FROM users WHERE lower(email) = lower(%s)", (email,)).fetchone()
    return None if found is None else UUID(str(found[0]))


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _owner(path: Path) -> str | None:
    folders = path.absolute().parent.parts
    return next((name for name in reversed(folders) if _EMAIL.fullmatch(name)), None)
