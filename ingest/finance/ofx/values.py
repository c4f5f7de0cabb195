"""Dates and times of OFX, and the header's word on the encoding."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

_MOMENT = re.compile(
    r"(?P<day>\d{8})(?:(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?(?:\.(?P<fraction>\d{1,6})\d*)?)?"
    r"\s*(?:\[\s*(?P<offset>[+-]?\d{0,2}(?:\.\d+)?)\s*(?::\s*(?P<zone>[A-Za-z]*))?\s*\])?",
    re.ASCII,
)
_ZONES = {"UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
_YEARS = range(1900, 2200)
_ENCODING = re.compile(
    r"""^\s*(?:ENCODING:(UTF-?8)|CHARSET:([\w-]+))|<\?xml[^>]*encoding\s*=\s*["']([\w.-]+)""", re.M | re.I
)


def moment(text: str, timezone_name: str) -> tuple[date, datetime | None] | None:
    """Read `YYYYMMDD[HHMMSS[.xxx]][offset:ZONE]` as the day as written, and the instant when there is a time of day.

    A time without an offset is the owner's local time: the standard says UTC, but what banks write is their wall
    clock. None when it is no date (OFX 1.6, section 3.2.8.2).
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    try:
        written = match["day"]
        day = date(int(written[:4]), int(written[4:6]), int(written[6:]))
        if day.year not in _YEARS:
            return None
        if match["hour"] is None:
            return day, None
        zone = _offset(match["offset"], match["zone"]) or ZoneInfo(timezone_name)
        local = datetime(
            day.year,
            day.month,
            day.day,
            int(match["hour"]),
            int(match["minute"]),
            int(match["second"] or 0),
            int((match["fraction"] or "").ljust(6, "0")),
            tzinfo=zone,
        )
    except ValueError:
        return None
    return day, local.astimezone(UTC)


def midnight(day: date, timezone_name: str) -> datetime:
    """Give the instant a day begins for the owner."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone_name)).astimezone(UTC)


def declared_encoding(head: str) -> str | None:
    """Give the encoding a header declares (`CHARSET:1252`, `ENCODING:UTF-8`, the XML declaration), if any."""
    found = [next(filter(None, groups)) for groups in _ENCODING.findall(head)]
    return found[0] if found else None


def _offset(hours: str | None, zone: str | None) -> timezone | None:
    if hours and hours not in "+-":
        offset = timedelta(hours=float(hours))
        return timezone(offset) if abs(offset) < timedelta(hours=24) else None
    known = _ZONES.get((zone or "").upper())
    return None if known is None else timezone(timedelta(hours=known))
