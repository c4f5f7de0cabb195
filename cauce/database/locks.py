"""Locks that more than one layer asks for, and work that is done again when it was held up by others'."""

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

import psycopg

MARTS = "marts"
"""Building, auditing and publishing take turns; so does whatever takes rows from under a build or out of the marts."""
LIFECYCLE = "lifecycle"
"""Retention, archiving and erasing take turns."""
HELD_UP = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
"""Somebody else held a lock for longer than we were willing to wait: the same again may succeed."""
T = TypeVar("T")


def persistently(work: Callable[[], T], pauses: Iterable[float]) -> T:
    """Do the work, again after each pause (seconds) while it is held up; raises what held it up the last time."""
    for pause in pauses:
        try:
            return work()
        except HELD_UP:
            time.sleep(pause)
    return work()
