from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.health.frequency import Frequency, read_frequency

HALF, SEVENTH = Decimal("0.5"), Decimal("0.143")


@pytest.mark.parametrize(
    ("text", "times"),
    [
        *((text, 3) for text in ("cada 8 horas", "Cada 8 h", "c/8h", "1 tab c/8 hrs", "CADA OCHO HORAS", "every 8 hours", "q8h", "TID", "t.i.d.", "3 veces al día", "tres veces por día", "1-1-1", "con cada comida")),
        *((text, 2) for text in ("cada 12 h", "2 veces al día", "dos veces al día", "twice daily", "twice a day", "BID", "every 12 hours", "1-0-1", "mañana y noche", "2 x día")),
        *((text, 1) for text in ("diario", "una vez al día", "1 vez al dia", "QD", "once daily", "every day", "todos los días", "cada 24 horas", "en ayunas", "1 tableta al acostarse", "una diaria")),
        *((text, 4) for text in ("QID", "cada 6 horas", "four times a day", "4 times daily")),
        *((text, HALF) for text in ("cada tercer día", "un día sí y otro no", "every other day", "días alternos", "cada día por medio", "interdiario", "cada 2 días", "cada 48 horas")),
        *((text, SEVENTH) for text in ("una vez a la semana", "semanal", "once weekly", "cada 7 días")),
    ],
)  # fmt: skip
def test_what_people_write(text, times):
    assert read_frequency(text) == Frequency(Decimal(times))


@pytest.mark.parametrize(
    ("text", "times", "days"),
    [
        ("lunes, miércoles y viernes", 1, (1, 3, 5)),
        ("Lun/Mié/Vie", 1, (1, 3, 5)),
        ("2 veces al día, lunes a viernes", 2, (1, 2, 3, 4, 5)),
        ("monday and thursday", 1, (1, 4)),
        ("fines de semana", 1, (6, 7)),
        ("3 veces por semana: lunes, miércoles y viernes", 1, (1, 3, 5)),
        ("una vez a la semana, los domingos", 1, (7,)),
    ],
)
def test_days_of_the_week(text, times, days):
    assert read_frequency(text) == Frequency(Decimal(times), days)


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("por razón necesaria", None),
        ("si dolor", None),
        ("PRN", None),
        ("as needed", None),
        ("según sea necesario", None),
        ("en caso de fiebre", None),
        ("cada 8 horas si hay dolor", 3),
        ("every 6 hours as needed", 4),
    ],
)
def test_as_needed(text, times):
    assert read_frequency(text) == Frequency(None if times is None else Decimal(times), as_needed=True)


@pytest.mark.parametrize(
    "text",
    [
        None, "", "   ", "como indique el médico", "1 tableta", "según indicaciones", "850 mg", "🙂", "cada 0 horas", "0 veces al día",
        "cada 6 a 8 horas", "2 o 3 veces al día", "every 4-6 hours",  # ranges
        "cada 8 horas, 2 veces al día",  # two things at once
        "2 tabletas al día",  # together, or one after the other?
        "100 veces al día",
        "diario excepto domingo", "no tomar los lunes", "every day except Sunday",
    ],
)  # fmt: skip
def test_what_is_not_understood_gives_no_number(text):
    assert read_frequency(text) is None


@given(st.integers(1, 24))
def test_hours_between_doses_and_doses_a_day_agree(hours):
    read = read_frequency(f"cada {hours} horas")
    assert read is not None
    assert read == read_frequency(f"every {hours}h") == read_frequency(f"Tomar 1 cápsula CADA {hours} HRS.")
    assert read.times_per_day is not None
    assert abs(read.times_per_day * hours - 24) <= Decimal("0.0005") * hours


@given(st.integers(1, 48))
def test_times_a_day_are_the_number_that_is_written(times):
    expected = Frequency(Decimal(times))
    assert read_frequency(f"{times} veces al día") == read_frequency(f"{times} TIMES A DAY") == expected


@given(st.text(max_size=60))
def test_any_text_is_read_within_bounds_or_not_at_all(text):
    read = read_frequency(text)
    assert read is None or read.as_needed or read.days_of_week or read.times_per_day
    if read is not None and read.times_per_day is not None:
        assert 0 < read.times_per_day <= 48
        assert read.times_per_day == read.times_per_day.quantize(Decimal("0.001"))
