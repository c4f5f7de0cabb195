"""Where pages get their database from: one per process, set by the server or made from the settings."""

from threading import Lock

from cauce.database import Database
from cauce.settings import get_settings

_lock = Lock()
_database: Database | None = None


def use(database: Database | None) -> None:
    """Make `database` the one every page of this process reads; None forgets it."""
    global _database
    with _lock:
        _database = database


def database() -> Database:
    """The database of this process; made from the settings when nobody chose one."""
    global _database
    with _lock:
        if _database is None:
            _database = Database.from_settings(get_settings())
        return _database
