"""The span of time the demo data cover, and how its days and months lie in a person's zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month."""

    year: int
    number: int

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return self.shift(1).first - timedelta(days=1)

    @property
    def days(self) -> int:
        """How many days it has."""
        return self.last.day

    def shift(self, months: int) -> "Month":
        """Give the month so many months later (earlier when negative)."""
        index = self.year * 12 + self.number - 1 + months
        return Month(index // 12, index % 12 + 1)

    def __str__(self) -> str:
        """Write it as 2026-03."""
        return f"{self.year:04d}-{self.number:02d}"


@dataclass(frozen=True, slots=True)
class Window:
    """The months of the demo, oldest first. Nothing happens on or after `today`, which is not over yet."""

    months: tuple[Month, ...]
    today: date

    @classmethod
    def ending(cls, today: date, months: int) -> "Window":
        """Take so many months, the last one being that of the day before `today`."""
        yesterday = today - timedelta(days=1)
        last = Month(yesterday.year, yesterday.month)
        return cls(tuple(last.shift(-back) for back in reversed(range(months))), today)

    @property
    def first_day(self) -> date:
        """The first day with data."""
        return self.months[0].first

    @property
    def last_day(self) -> date:
        """The last day with data."""
        return self.today - timedelta(days=1)

    @property
    def end(self) -> datetime:
        """The instant before which every usage event happens."""
        return datetime.combine(self.today, time(), UTC)

    @property
    def complete(self) -> Month:
        """The latest month that is whole, or the only month there is."""
        whole = [month for month in self.months if month.last < self.today]
        return whole[-1] if whole else self.months[-1]

    def days(self) -> Iterator[date]:
        """Every day with data, in order."""
        day = self.first_day
        while day < self.today:
            yield day
            day += timedelta(days=1)


@cache
def zone_of(name: str) -> ZoneInfo:
    """Give the zone of an IANA name."""
    return ZoneInfo(name)


def at(day: date, hour: int, minute: int, zone: str) -> datetime:
    """Give the instant (UTC) of a wall clock's reading; one that a clock change skips is read as before the change."""
    return datetime.combine(day, time(hour, minute), zone_of(zone)).astimezone(UTC)


def utc_offset_seconds(day: date, zone: str) -> int:
    """Give how far the zone is ahead of UTC at noon of the day, in seconds."""
    offset = datetime.combine(day, time(12), zone_of(zone)).utcoffset()
    return int(offset.total_seconds()) if offset else 0
