"""The health files of each person: a FHIR record and a medication log, with their exact accounting."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from cauce.demo.cast import DOMAIN
from cauce.demo.doses import MISSED, Dose, clock_change_days, doses
from cauce.demo.fhir import bundle
from cauce.demo.medication_logs import medication_log
from cauce.demo.plan import DemoCase, DemoPerson, FileExpectation
from cauce.demo.prescriptions import regime
from cauce.demo.window import Window

SPOILED = f"ana@{DOMAIN}"
NAIVE_EVERY = 5
"""One log in so many writes the owner's clock without an offset."""


def write_health(
    folder: Path, seed: int, people: Sequence[DemoPerson], window: Window
) -> tuple[list[FileExpectation], list[DemoCase]]:
    """Write the files of everybody who keeps their health here, in folders named by e-mail."""
    expectations: list[FileExpectation] = []
    cases: list[DemoCase] = []
    for turn, person in enumerate(person for person in people if person.health):
        (folder / person.email).mkdir(parents=True, exist_ok=True)
        own = regime(seed, person, window, turn)
        spoil = person.email == SPOILED
        record = bundle(seed, person, own, window, spoil=spoil)
        record_file, log_file = f"{person.email}/expediente.json", f"{person.email}/tomas.csv"
        (folder / record_file).write_bytes(record.content)
        log = doses(seed, person, own, window)
        naive = turn % NAIVE_EVERY == NAIVE_EVERY - 1
        content, repeated, malformed = medication_log(person, log, naive=naive, spoil=spoil)
        (folder / log_file).write_bytes(content)
        expectations += [
            FileExpectation(
                record_file,
                "health",
                "fhir-bundle",
                person.email,
                good=record.good,
                malformed=record.malformed,
                ignored=record.ignored,
            ),
            FileExpectation(
                log_file,
                "health",
                "medication-log-csv",
                person.email,
                good=len(log),
                duplicate=repeated,
                malformed=malformed,
            ),
        ]
        cases += _dose_cases(person, log, log_file, window, naive=naive)
        if spoil:
            what = (
                "observations with a textual value or an impossible date; doses of an unknown status, date or medicine"
            )
            cases.append(DemoCase("malformed_health", what, record_file, record.malformed))
            cases.append(DemoCase("malformed_health", what, log_file, malformed))
            cases.append(DemoCase("duplicate_dose", "doses that stand twice in one log", log_file, repeated))
        if own.holiday:
            days = (str(own.holiday[0]), str(own.holiday[1]))
            cases.append(DemoCase("drug_holiday", "days without any dose", log_file, 4, days))
    return expectations, cases


def _dose_cases(
    person: DemoPerson, log: Sequence[Dose], file: str, window: Window, *, naive: bool
) -> Iterator[DemoCase]:
    missed = sum(dose.status == MISSED for dose in log)
    if missed:
        yield DemoCase("missed_doses", "doses written down as missed; others are missing altogether", file, missed)
    needed = sum(dose.as_needed for dose in log)
    if needed:
        yield DemoCase("as_needed_doses", "doses as needed, which fill no missed one", file, needed)
    if naive:
        yield DemoCase("naive_times", "times of the owner's clock, without an offset", file, len(log))
    changes = clock_change_days(person, window)
    on_change = sum(dose.scheduled.date() in changes for dose in log)
    if on_change:
        what = "doses on the days when the clocks change"
        yield DemoCase("clock_change", what, file, on_change, tuple(map(str, changes)))
