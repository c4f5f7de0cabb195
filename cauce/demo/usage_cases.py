"""Usage events placed by hand where things go wrong: around midnight, month ends, a change of zone, nobody's events."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from cauce.demo.cast import DOMAIN, moving_day
from cauce.demo.events import SCHEMA
from cauce.demo.plan import DemoPerson
from cauce.demo.window import Window, at

STRANGER = "nadie@desconocido.example"
"""An address that nobody of the demo has."""


def month_end_event(window: Window) -> pl.DataFrame:
    """Ana at 20:00 in Mexico City on 31 October (or the latest month's end): already the next month in UTC."""
    ends = [month.last for month in window.months if month.last < window.last_day]
    october = [day for day in ends if day.month == 10]
    return _events(
        "month-end", [(f"ana@{DOMAIN}", at(day, 20, 0, "America/Mexico_City")) for day in (october or ends)[-1:]]
    )


def zone_change_events(window: Window, people: Sequence[DemoPerson]) -> pl.DataFrame:
    """Luis around midnight before, on and after the day he moves from Mexico City to Tijuana."""
    luis = next(person for person in people if person.email == f"luis@{DOMAIN}")
    day, one = moving_day(window), timedelta(days=1)
    clocks = [
        (day - one, 23, 50, "America/Mexico_City"),
        (day, 0, 10, "America/Mexico_City"),
        (day, 11, 30, "America/Mexico_City"),
        (day, 23, 30, "America/Tijuana"),
        (day + one, 0, 15, "America/Tijuana"),
        (day + one, 23, 45, "America/Tijuana"),
    ]
    instants = [at(*clock) for clock in clocks]
    inside = [i for i in instants if datetime.combine(window.first_day, datetime.min.time(), UTC) <= i < window.end]
    return _events("zone-change", [(luis.email, instant) for instant in inside])


def unattributed_events(window: Window) -> pl.DataFrame:
    """Events of an address that nobody has, and one that names nobody at all."""
    noon = at(window.complete.first, 12, 0, "America/Mexico_City")
    if noon >= window.end:
        noon = window.end - timedelta(hours=3)
    times = [noon + timedelta(minutes=7 * index) for index in range(6)]
    return _events("unattributed", [(STRANGER if index < 5 else None, time) for index, time in enumerate(times)])


def _events(case: str, moments: Sequence[tuple[str | None, datetime]]) -> pl.DataFrame:
    rows: list[dict[str, Any]] = [
        {
            "hex": hashlib.sha256(f"{case} {index} {instant.isoformat()}".encode()).hexdigest()[:16],
            "timestamp": instant,
            "user": user,
            "agent": "traductor",
            "conversation": f"conv-{case}",
            "provider": "openai",
            "model": "gpt-4o-mini",
            "input_tokens": 1_000 + index,
            "output_tokens": 200 + index,
            "cache_read_tokens": 0,
            "cache_write_tokens": 0,
            "reasoning_tokens": 0,
            "duration_ms": 1_500,
            "success": True,
            "error": None,
            "prompt": None,
            "completion": None,
            "route": "jsonl",
            "late": False,
        }
        for index, (user, instant) in enumerate(moments)
    ]
    return pl.DataFrame(rows, schema=SCHEMA)
