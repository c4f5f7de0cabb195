"""Budgets as CSV: of every person one that is ok, one that is near its limit and one that is exceeded."""

import csv
import io
from datetime import date

from cauce.demo.ledger import Ledger
from cauce.demo.ofx import money
from cauce.demo.plan import DemoPerson
from cauce.demo.window import Month, Window

SPANISH = ("nombre", "categoria", "monto", "moneda", "periodo", "inicio", "fin", "alerta")
ENGLISH = ("name", "category", "amount", "currency", "period", "start_date", "end_date", "alert_threshold")
CATEGORIES = (
    ("supermercado", "Despensa", "monthly"),
    ("restaurantes", "Comer fuera", "quincena"),
    ("gasolina", "Gasolina", "monthly"),
    ("suscripciones", "Series y música", "monthly"),
    ("servicios", "Luz, agua e internet", "quarterly"),
    ("salud", "Farmacia", "monthly"),
)
LEVELS = (0.55, 0.9, 1.2)
"""Share of the budget that is spent in the current period: ok, near the alert at 80 %, exceeded."""


def period_start(day: date, period: str) -> date:
    """Give the first day of the period the day is in."""
    if period == "quincena":
        return day.replace(day=1 if day.day <= 15 else 16)
    if period == "quarterly":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(day=1)


def budgets(person: DemoPerson, ledger: Ledger, window: Window, turn: int, *, spoil: bool) -> tuple[bytes, int, int]:
    """Write a person's budgets; give the bytes, and how many rows are good and malformed. `turn` varies the levels."""
    last = window.last_day
    start = Month(window.first_day.year, 1).first
    rows: list[tuple[str, ...]] = []
    for index, (category, name, period) in enumerate(CATEGORIES):
        spent = ledger.spent(category, period_start(last, period), last)
        amount = round(max(spent, 5_000) / LEVELS[(index + turn) % len(LEVELS)] / 1_000) * 1_000
        rows.append((name, category, money(max(amount, 1_000)), person.currency, period, str(start), "", "80"))
    good = len(rows)
    if spoil:
        rows.append(("Mascotas", "mascotas", "mil pesos", person.currency, "monthly", str(start), "", "80"))
        rows.append(("Regalos", "regalos", "500.00", person.currency, "cada luna", str(start), "", "80"))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(ENGLISH if person.language == "en" else SPANISH)
    writer.writerows(rows)
    return out.getvalue().encode(), good, len(rows) - good
