"""What a dollar cost in pesos, as Banco de México's file of the demo says: a walk around 18.50, banking days only."""

from datetime import timedelta
from pathlib import Path

from cauce.demo.plan import FX_FORMAT, FileExpectation
from cauce.demo.randomness import generator
from cauce.demo.window import Window

MEAN = 18.5
PULL, STEP = 0.02, 0.08
"""The part of the distance to the mean that a day takes back, and the standard deviation of its step in pesos."""
HEADER = (
    '"Banco de México"\r\n\r\n"Sistema de Información Económica"\r\n"Tipos de Cambio Diarios"\r\n\r\n'
    '"Título","Tipo de cambio Pesos por dólar E.U.A. Fecha de determinación (FIX)"\r\n"Periodicidad","Diaria"\r\n'
    '"Fecha","SF43718"\r\n'
)


def write_rates(folder: Path, seed: int, window: Window) -> FileExpectation:
    """Write the rates from a week before the first day on, weekends left out, and say what loading them ends in."""
    random = generator(seed, "rates")
    day, rate, lines = window.first_day - timedelta(days=7), MEAN, []
    while day < window.today:
        rate += PULL * (MEAN - rate) + STEP * float(random.standard_normal())
        if day.isoweekday() < 6:
            lines.append(f"{day:%d/%m/%Y},{rate:.4f}\r\n")
        day += timedelta(days=1)
    file = f"usage/{window.months[-1]}-tipo-de-cambio.csv"
    (folder / file).write_bytes((HEADER + "".join(lines)).encode("windows-1252"))
    return FileExpectation(file, "usage", FX_FORMAT, None, good=len(lines))
