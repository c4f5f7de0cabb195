"""How a failure is told: one line on stderr, and an exit status. Details of the unexpected go to a log file."""

import errno
import logging
import secrets
import traceback
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

import psycopg
from pydantic import ValidationError
from rich.console import Console

from cauce.errors import CauceError
from cauce.settings import PROJECT, get_settings

FAILED = 1
OTHER_VERSION = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.InvalidSchemaName,
)
"""What a database of another version lacks."""
DISK_FULL = "free some space, or set CAUCE_HOME to a disk that has some; what was done so far is safe, run it again"


def explain(error: BaseException) -> int:
    """Print one line for an error and give the exit status."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"cauce: {_line(error)}", markup=False)
    return FAILED


def _line(error: BaseException) -> str:
    if isinstance(error, CauceError):
        return str(error)
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        field = "_".join(str(part) for part in first["loc"]).upper()
        name = field if field == "DATABASE_URL" else f"CAUCE_{field}"
        return f"the setting {name} is wrong: {first['msg']} — set another value in the environment or in .env"
    if isinstance(error, psycopg.errors.DiskFull) or (isinstance(error, OSError) and error.errno == errno.ENOSPC):
        return f"the disk is full — {DISK_FULL}"
    lost = next((cause for cause in _chain(error) if isinstance(cause, psycopg.OperationalError)), None)
    if lost is not None:
        return f"the database went away: {_first(lost)} — run `cauce status`, then the same command again"
    if any(isinstance(cause, OTHER_VERSION) for cause in _chain(error)):
        again = "the database lacks something — run `cauce migrate`, then the same command again"
        return f"{again}; if it stays: {_unexpected(error)}"
    return _unexpected(error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from: libraries wrap a lost connection in errors of their own."""
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def _first(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _unexpected(error: BaseException) -> str:
    reference = secrets.token_hex(4)
    try:
        folder = get_settings().home / "log"
        _write(folder, f"{reference}\n{''.join(traceback.format_exception(error))}")
    except OSError:
        return f"something unexpected happened ({type(error).__name__}) and could not be logged"
    shown = folder.relative_to(PROJECT) if folder.is_relative_to(PROJECT) else folder.name
    return (
        f"something unexpected happened ({type(error).__name__}) — see {reference} in {shown}/cauce.log, and report it"
    )


def _write(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(folder / "cauce.log", maxBytes=5_000_000, backupCount=3)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    handler.emit(logging.LogRecord("cauce", logging.ERROR, "", 0, text, None, None))
    handler.close()
