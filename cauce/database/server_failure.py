"""What went wrong with the embedded server, in words a person can act on."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import disk_usage

from cauce.errors import FatalError


@contextmanager
def explained(where: Path) -> Iterator[None]:
    """Turn what the operating system refuses into an error that says what to do."""
    try:
        yield
    except OSError as error:
        place = str(error.filename or where)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(where) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            action = "run as the user it belongs to, or set CAUCE_HOME to a folder this user may write to"
            raise FatalError("this user may not read or write here", where=place, action=action) from error
        action = "set CAUCE_HOME to a folder on a local disk"
        raise FatalError(f"the folder cannot be used ({error.strerror})", where=place, action=action) from error


def disk_full(where: Path) -> FatalError:
    """The error of a disk without room."""
    return FatalError("the disk is full", where=str(where), action="free some space, then run the same command again")


def failure(log: str, data: Path) -> FatalError:
    """What the last words of PostgreSQL mean for the person who started it."""
    if "No space left on device" in log or "Disk quota exceeded" in log or disk_usage(data.parent).free < 2**20:
        return disk_full(data.parent)
    if "could not map anonymous shared memory" in log or "Cannot allocate memory" in log:
        action = "free some memory, then run the same command again"
        return FatalError("there is not enough memory for PostgreSQL", where=str(data), action=action)
    if "could not look up effective user ID" in log:
        action = "run as a user that /etc/passwd names, or set DATABASE_URL to a PostgreSQL of your own"
        return FatalError("PostgreSQL does not run as a user without a name", where=str(data), action=action)
    lines = log.splitlines()
    told = [line for line in lines if re.search(r"\b(FATAL|PANIC|error):", line)] or lines or [""]
    reason = re.sub(r"^.*?\b(FATAL|PANIC|error): +", "", told[-1]).strip()
    return FatalError(
        f"PostgreSQL did not start: {reason or 'it said nothing'}",
        where=str(data),
        action="the folder `log` beside it says more; `cauce doctor` checks the rest",
    )


def log_sizes(logs: Path) -> dict[Path, int]:
    """How long the server's logs are now."""
    return {path: path.stat().st_size for path in logs.glob("postgres-*.log")}


def log_since(logs: Path, sizes: dict[Path, int]) -> str:
    """What the server has said since then."""
    news = [path.read_bytes()[sizes.get(path, 0) :] for path in sorted(logs.glob("postgres-*.log"))]
    return b"\n".join([(logs / "start.log").read_bytes(), *news]).decode(errors="replace")
