"""What the people of the demo are prescribed, and how well each keeps to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cauce.demo.cast import DOMAIN
from cauce.demo.plan import DemoPerson
from cauce.demo.randomness import generator
from cauce.demo.window import Window


@dataclass(frozen=True, slots=True)
class Medicine:
    """A medicine as prescribed; `clocks` are the local times of its doses, none when it is taken as needed.

    `weekdays` (1 = Monday) limits the days; `course_days` the length of a treatment.
    """

    name: str
    generic: str
    dosage: str
    frequency: str
    clocks: tuple[str, ...] = ()
    weekdays: tuple[int, ...] = ()
    course_days: int | None = None
    purpose: str = ""


METFORMIN = Medicine("Metformina", "metformin", "850 mg", "cada 12 horas", ("08:00", "20:00"), purpose="diabetes")
LOSARTAN = Medicine("Losartán", "losartan", "50 mg", "cada 24 horas", ("07:30",), purpose="presion")
LEVOTHYROXINE = Medicine("Levotiroxina", "levothyroxine", "75 mcg", "cada 24 horas, en ayunas", ("02:30",))
ATORVASTATIN = Medicine("Atorvastatina", "atorvastatin", "20 mg", "una cada noche", ("22:00",))
OMEPRAZOLE = Medicine("Omeprazol", "omeprazole", "20 mg", "antes del desayuno", ("07:00",))
VITAMIN_D = Medicine("Vitamina D3", "cholecalciferol", "4000 UI", "lunes, miércoles y viernes", ("09:00",), (1, 3, 5))
AMOXICILLIN = Medicine(
    "Amoxicilina", "amoxicillin", "500 mg", "cada 8 horas por 7 días", ("06:00", "14:00", "22:00"), (), 7
)
PARACETAMOL = Medicine("Paracetamol", "acetaminophen", "500 mg", "si hay dolor")


@dataclass(frozen=True, slots=True)
class Treatment:
    """A medicine of a person from the first to the last day (None: it goes on)."""

    medicine: Medicine
    start: date
    end: date | None


@dataclass(frozen=True, slots=True)
class Regime:
    """A person's treatments and habits: share of doses taken, share of those late, a holiday without any dose."""

    treatments: tuple[Treatment, ...]
    adherence: float
    lateness: float
    holiday: tuple[date, date] | None

    def has(self, purpose: str) -> bool:
        """Tell whether something is taken for the purpose."""
        return any(treatment.medicine.purpose == purpose for treatment in self.treatments)


ROUTINES: tuple[tuple[Medicine, ...], ...] = (
    (METFORMIN, LOSARTAN, PARACETAMOL),
    (LOSARTAN, ATORVASTATIN),
    (METFORMIN, ATORVASTATIN, VITAMIN_D),
    (OMEPRAZOLE, VITAMIN_D, PARACETAMOL),
    (LOSARTAN, AMOXICILLIN),
)
NAMED: dict[str, tuple[Medicine, ...]] = {
    f"ana@{DOMAIN}": (METFORMIN, LOSARTAN, AMOXICILLIN, VITAMIN_D, PARACETAMOL),
    f"luis@{DOMAIN}": (LEVOTHYROXINE, LOSARTAN, ATORVASTATIN, PARACETAMOL),
    f"sofia@{DOMAIN}": (METFORMIN, LEVOTHYROXINE),
}
HOLIDAY_DAYS = 4


def regime(seed: int, person: DemoPerson, window: Window, turn: int) -> Regime:
    """Draw a person's regime. Ana keeps to it, Luis does not and has a holiday of four days."""
    random = generator(seed, "regime", person.email)
    medicines: Sequence[Medicine] = NAMED.get(person.email) or ROUTINES[turn % len(ROUTINES)]
    days = (window.today - window.first_day).days
    treatments = []
    for medicine in medicines:
        if medicine.course_days:
            start = window.first_day + timedelta(days=int(random.integers(0, max(1, days - medicine.course_days))))
            treatments.append(Treatment(medicine, start, start + timedelta(days=medicine.course_days - 1)))
        else:
            treatments.append(Treatment(medicine, window.first_day, None))
    adherence = {"ana": 0.95, "luis": 0.74}.get(person.email.partition("@")[0], float(random.uniform(0.6, 0.98)))
    holiday = None
    if turn % 3 == 1 and days > 3 * HOLIDAY_DAYS:
        begins = window.last_day - timedelta(days=min(20, days - HOLIDAY_DAYS))
        holiday = (begins, begins + timedelta(days=HOLIDAY_DAYS - 1))
    return Regime(tuple(treatments), adherence, float(random.uniform(0.05, 0.15)), holiday)
