"""Every dose of a person: taken, taken late or missed, some of them without a word, and those taken as needed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np

from cauce.demo.plan import DemoPerson
from cauce.demo.prescriptions import Medicine, Regime
from cauce.demo.randomness import generator
from cauce.demo.window import Window, at, zone_of

TAKEN, LATE, MISSED = "tomado", "retrasado", "omitido"
SILENT_SHARE = 0.3
"""Of the missed doses, the share that nobody wrote down."""


@dataclass(frozen=True, slots=True)
class Dose:
    """A line of the log; times are aware, in the person's own zone."""

    medicine: Medicine
    scheduled: datetime
    taken: datetime | None
    status: str
    as_needed: bool = False
    note: str = ""


def doses(seed: int, person: DemoPerson, regime: Regime, window: Window) -> list[Dose]:
    """Draw the log over the window, by time."""
    random = generator(seed, "doses", person.email)
    log = [dose for day in window.days() for dose in _day(random, person, regime, day)]
    return sorted(log, key=lambda dose: (dose.scheduled.timestamp(), dose.medicine.name))


def _day(random: np.random.Generator, person: DemoPerson, regime: Regime, day: date) -> Iterator[Dose]:
    zone = zone_of(person.zone_at(at(day, 12, 0, "UTC")))
    away = regime.holiday is not None and regime.holiday[0] <= day <= regime.holiday[1]
    for treatment in regime.treatments:
        medicine = treatment.medicine
        if day < treatment.start or (treatment.end and day > treatment.end):
            continue
        if medicine.weekdays and day.isoweekday() not in medicine.weekdays:
            continue
        if not medicine.clocks and random.random() < 0.12:
            clock = time(int(random.integers(9, 22)), int(random.integers(0, 60)))
            when = datetime.combine(day, clock, zone)
            yield Dose(medicine, when, when, TAKEN, as_needed=True, note="Dolor de cabeza")
        for clock_text in medicine.clocks:
            chance, delay, said = random.random(), random.exponential(14.0), random.random()
            # A clock that is set forward skips some readings: the dose is then due when the clock reads an hour more.
            wall = datetime.combine(day, time.fromisoformat(clock_text), zone)
            scheduled = wall.astimezone(zone_of("UTC")).astimezone(zone)
            if away or chance > regime.adherence:
                if said >= SILENT_SHARE or away:
                    yield Dose(medicine, scheduled, None, MISSED)
            elif chance < regime.adherence * regime.lateness:
                later = (scheduled.timestamp() + 5_400 + delay * 240) // 60 * 60
                yield Dose(medicine, scheduled, datetime.fromtimestamp(later, zone), LATE, note="Se me hizo tarde")
            else:
                soon = scheduled + timedelta(minutes=int(delay))
                yield Dose(medicine, scheduled, soon, TAKEN)


def clock_change_days(person: DemoPerson, window: Window) -> list[date]:
    """Give the days of the window on which the clocks of the zone that the person is in are changed."""
    changes = []
    for day in window.days():
        zone, tomorrow = person.zone_at(at(day, 12, 0, "UTC")), day + timedelta(days=1)
        if at(tomorrow, 0, 0, zone) - at(day, 0, 0, zone) != timedelta(days=1):
            changes.append(day)
    return changes
