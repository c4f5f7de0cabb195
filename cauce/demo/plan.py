"""What a folder of demo files holds: its people, and the exact accounting each file must end in."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

import orjson

PLAN_FILE = ".plan.json"
"""Beside the files, under a hidden name because it is no data to load. Written last: it marks a complete folder."""
FX_FORMAT = "fx-csv"
REPORT_FORMAT = "provider-report"
BESIDE_EVENTS = frozenset({FX_FORMAT, REPORT_FORMAT})
"""Formats of the domain usage whose records are no calls."""


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A person of the demo. `timezone` is the zone of today; each change is (instant, zone from then on)."""

    email: str
    name: str
    display_name: str
    role: str
    timezone: str
    language: str
    currency: str
    timezone_changes: tuple[tuple[datetime, str], ...]
    """Empty for most; otherwise the first change's instant is the beginning of the data."""
    subscription_tier: str
    finance: bool
    health: bool

    def zone_at(self, instant: datetime) -> str:
        """Give the zone that is in force for the person at an instant."""
        zone = self.timezone_changes[0][1] if self.timezone_changes else self.timezone
        for since, changed in self.timezone_changes:
            if since <= instant:
                zone = changed
        return zone


@dataclass(frozen=True, slots=True)
class FileExpectation:
    """The accounting of one file when the plan's files are loaded once each, in the plan's order, into nothing.

    `good` records are loaded, `conflict`, `malformed` and `unattributed` ones quarantined; `malformed` alone is what a
    reader must refuse by itself. `read` is the sum of them all.
    """

    file: str
    domain: str
    format: str
    owner: str | None
    good: int
    updated: int = 0
    duplicate: int = 0
    conflict: int = 0
    malformed: int = 0
    unattributed: int = 0
    ignored: Mapping[str, int] = field(default_factory=dict)
    tokens_input: int = 0
    tokens_output: int = 0
    """Tokens of the good usage events, cache and reasoning included."""

    @property
    def holds_events(self) -> bool:
        """Whether its records are calls of models."""
        return self.domain == "usage" and self.format not in BESIDE_EVENTS

    @property
    def quarantined(self) -> int:
        """Records that must end in quarantine."""
        return self.conflict + self.malformed + self.unattributed

    @property
    def read(self) -> int:
        """Every record of the file."""
        return self.good + self.updated + self.duplicate + self.quarantined + sum(self.ignored.values())


@dataclass(frozen=True, slots=True)
class DemoCase:
    """An awkward case that the files hold on purpose, and where to find it."""

    name: str
    what: str
    file: str
    records: int
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """The whole demo: parameters, people, files in the order to load them, and the awkward cases."""

    seed: int
    today: date
    users: int
    months: int
    people: tuple[DemoPerson, ...]
    expectations: tuple[FileExpectation, ...]
    cases: tuple[DemoCase, ...]

    @property
    def sign_in(self) -> Sequence[DemoPerson]:
        """The four people to look around as: an admin, an analyst, two users with rich data."""
        return self.people[:4]

    def paths(self, folder: Path) -> list[Path]:
        """Give the files to load, in order, as paths below the folder."""
        return [folder / expected.file for expected in self.expectations]

    def is_of(self, seed: int, today: date, users: int, months: int) -> bool:
        """Tell whether these arguments give this plan."""
        return (self.seed, self.today, self.users, self.months) == (seed, today, users, months)

    def write(self, folder: Path) -> None:
        """Keep the plan beside the files."""
        document = asdict(self) | {"events": self.events}
        (folder / PLAN_FILE).write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))

    @property
    def events(self) -> int:
        """How many distinct usage events the files hold."""
        return sum(expected.good for expected in self.expectations if expected.holds_events)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Give the plan of a folder that was generated to the end, or None."""
        path = folder / PLAN_FILE
        if not path.exists():
            return None
        document: dict[str, Any] = orjson.loads(path.read_bytes())
        people = tuple(
            DemoPerson(
                **person
                | {
                    "timezone_changes": tuple(
                        (datetime.fromisoformat(since), zone) for since, zone in person["timezone_changes"]
                    )
                }
            )
            for person in document["people"]
        )
        return cls(
            document["seed"],
            date.fromisoformat(document["today"]),
            document["users"],
            document["months"],
            people,
            tuple(FileExpectation(**expected) for expected in document["expectations"]),
            tuple(DemoCase(**case | {"keys": tuple(case["keys"])}) for case in document["cases"]),
        )
