"""Small parts of FHIR resources: texts, references, dates and instants, read leniently and never trusted."""

import re
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?")
_YEARS = range(1900, 2200)

Resource = dict[str, Any]


class Problem(NamedTuple):
    """A broken rule: its name, the element it is about, and a sentence to act on that quotes nothing of the record."""

    rule: str
    element: str
    reason: str


class Ignored(NamedTuple):
    """A record of a kind that is not taken."""

    kind: str


def mapping(value: object) -> Resource:
    """Give a JSON object, or an empty one where there is none."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[Resource]:
    """Give the JSON objects of an array; a single object counts as an array of one."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def text(value: object) -> str | None:
    """Give a text without blanks around it, and without what no text can hold in it; None when it is empty or none."""
    if not isinstance(value, str):
        return None
    storable = value if value.isascii() else value.encode("utf-8", errors="replace").decode()  # lone surrogates
    return storable.replace("\x00", "").strip() or None


def texts(value: object) -> list[str]:
    """Give the texts of an array."""
    return [found for item in value if (found := text(item))] if isinstance(value, list) else []


def concept(value: object) -> str | None:
    """Give the words of a CodeableConcept: its text, else the display of a coding, else a code."""
    whole = mapping(value)
    codings = mappings(whole.get("coding"))
    words = [text(whole.get("text")), *(text(coding.get(key)) for key in ("display", "code") for coding in codings)]
    return next(filter(None, words), None)


def reference(value: object) -> str | None:
    """Give what a Reference points at: the last part of `Type/id`, `urn:uuid:…`, a URL, or `#id`."""
    target = text(mapping(value).get("reference"))
    return None if target is None else re.split(r"[/:]", target.split("/_history/")[0])[-1]


def annotations(value: object) -> str | None:
    """Give the texts of Annotations, one a line."""
    return "\n".join(filter(None, (text(note.get("text")) for note in mappings(value)))) or None


def day(value: object) -> date | None:
    """Give the day of a date or dateTime as written; the first one of a month or year that stands alone."""
    match = _DATE.match(value) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        found = date(int(match[1]), int(match[2] or 1), int(match[3] or 1))
    except ValueError:
        return None
    return found if found.year in _YEARS else None


def instant(value: object, timezone: str) -> datetime | None:
    """Give the instant of a dateTime; a day alone, and a time without offset, are on the owner's clock."""
    written = text(value)
    if written is None:
        return None
    if not _INSTANT.fullmatch(written):
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", written):
            return None
        written += "T00:00"
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    if moment.year not in _YEARS:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)


def effective(resource: Resource, timezone: str) -> datetime | Problem | None:
    """Give when a resource happened: `effectiveDateTime`, `effectiveInstant`, or the start of `effectivePeriod`."""
    for element in ("effectiveDateTime", "effectiveInstant"):
        if element in resource:
            found = instant(resource[element], timezone)
            return found or Problem("invalid_time", element, "the time is not one such as 2026-01-31T08:30:00-06:00")
    period = mapping(resource.get("effectivePeriod"))
    if "start" not in period:
        return None
    found = instant(period["start"], timezone)
    reason = "the start is not a time such as 2026-01-31T08:30:00-06:00"
    return found or Problem("invalid_time", "effectivePeriod.start", reason)
