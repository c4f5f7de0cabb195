"""Single values as other people's formats write them, read or refused with the rule they break."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import orjson

from ingest.usage.events import CLOCK_SKEW, EARLIEST, MAX_COUNT, TEXT_LIMITS

_T = TypeVar("_T")
_WHOLE = re.compile(r"[+-]?[0-9]{1,38}")


class Breach(Exception):  # noqa: N818 - it is a finding about a record, not an error of the program
    """A record breaks a rule: which, in which column, and why."""

    def __init__(self, rule: str, reason: str, column: str | None = None) -> None:
        """Name the rule, say why in a sentence a person can act on, and where."""
        super().__init__(reason)
        # They may name what stands in the record, and a database holds no NUL.
        self.rule, self.reason, self.column = rule, prose(reason) or rule, prose(column)


def attempt(read: Callable[[], _T]) -> _T | Breach:
    """Read a record, or return the rule it breaks."""
    try:
        return read()
    except Breach as breach:
        return breach
    # A record can have any shape, and no list of checks foresees them all: what a reader stumbles over costs itself,
    # never its file. These are the errors of values; what is wrong with the machine is none of them.
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        said = f"{type(error).__name__}: {error}"
        reason = f"the record has not the shape of its format ({said[:100]}): correct or remove it"
        return Breach("malformed", reason)


def json_text(value: object) -> str:
    """Write a record as JSON, however deep or large what is in it is."""
    try:
        return orjson.dumps(value, default=str).decode()
    except orjson.JSONEncodeError:
        pass
    try:
        return json.dumps(value, default=str)
    except RecursionError:
        return f"a {type(value).__name__} nested more deeply than can be written"


def at(value: object, path: str) -> object:
    """Look up what stands at a path of keys joined by dots, None where there is nothing."""
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def whole(value: object, column: str) -> int | None:
    """Read a count: an integer, one written as text, or a float without a fraction (some exporters know no other).

    None stays None. Raises `Breach` for anything else, for a negative and for an absurd count.
    """
    if value is None:
        return None
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Breach("not_an_integer", f"{column} must be a whole number, not {_shown(value)}", column)
    if value < 0:
        raise Breach("negative_count", f"{column} must not be negative: {value}", column)
    if value > MAX_COUNT:
        raise Breach("absurd_count", f"{column} is more than {MAX_COUNT}: {_shown(value)}", column)
    return value


def units_of(unit: str, value: object, column: str) -> int | float | None:
    """Read how many units of the price book are reported: seconds may have a fraction, all others are whole."""
    if unit.endswith("_seconds") and isinstance(value, float) and 0 <= value <= MAX_COUNT:
        return value
    return whole(value, column)


def instant(value: object, column: str) -> datetime:
    """Read an RFC 3339 time with a zone. Raises `Breach` for anything else."""
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
        if time is not None and time.tzinfo is not None:
            return time.astimezone(UTC)
    except (ValueError, OverflowError):
        time = None
    if time is None:
        raise Breach("not_a_timestamp", f"{column} {_shown(value)} is not an RFC 3339 time", column)
    reason = f"{column} {_shown(value)} has no time zone: write it with Z or an offset"
    raise Breach("naive_timestamp", reason, column)


def possible(time: datetime, received_at: datetime, column: str) -> datetime:
    """Return the time, or raise `Breach` when no event that arrives at `received_at` can have it."""
    latest = received_at + CLOCK_SKEW
    if EARLIEST <= time <= latest:
        return time
    reason = f"{column} {time:%Y-%m-%dT%H:%M:%SZ} is before {EARLIEST:%Y-%m-%d} or after {latest:%Y-%m-%dT%H:%MZ}"
    raise Breach("impossible_time", f"{reason}: correct the clock", column)


def name(value: object, column: str) -> str | None:
    """Read a short text that names something; empty is None. Raises `Breach` when it cannot be stored as one."""
    if value is None:
        return None
    text = (value if isinstance(value, str) else str(value)).strip()
    if any(character < " " for character in text):
        raise Breach("control_character", f"{column} contains a control character: remove it", column)
    if len(text) > TEXT_LIMITS[column]:
        raise Breach("too_long", f"{column} has more than {TEXT_LIMITS[column]} characters: shorten it", column)
    return text or None


def prose(value: object) -> str | None:
    """Read a free text; the one character a database cannot hold is marked as lost."""
    return value.replace("\x00", "\ufffd") or None if isinstance(value, str) else None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
