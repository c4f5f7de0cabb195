"""A person's money, day by day, on three accounts: checking, savings and a credit card."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby

import numpy as np

from cauce.demo import merchants
from cauce.demo.plan import DemoPerson
from cauce.demo.randomness import generator
from cauce.demo.window import Month, Window

CHECKING, SAVINGS, CARD = "checking", "savings", "card"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a statement; `cents` is signed, negative for money out. `category` is what the person calls it."""

    account: str
    day: date
    cents: int
    kind: str
    name: str
    category: str | None = None
    code: int | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """All entries by account and day, what each account held before the first, and its number."""

    entries: tuple[Entry, ...]
    opening: dict[str, int]
    numbers: dict[str, str]

    def of(self, account: str) -> list[Entry]:
        """Give the entries of an account, by day."""
        return [entry for entry in self.entries if entry.account == account]

    def balance(self, account: str, until: date) -> int:
        """Give what the account holds at the end of the day, in cents."""
        return self.opening[account] + sum(entry.cents for entry in self.of(account) if entry.day <= until)

    def spent(self, category: str, first: date, last: date) -> int:
        """Give what was spent on a category from the first to the last day, in cents."""
        return -sum(e.cents for e in self.entries if e.category == category and first <= e.day <= last)


def ledger(seed: int, person: DemoPerson, window: Window) -> Ledger:
    """Draw a person's ledger over the window."""
    random = generator(seed, "finance", person.email)
    factor = merchants.FACTORS[person.currency]
    pay = round(float(random.lognormal(9.35, 0.28)) * factor) * 100
    has = {bill.names["MXN"]: random.random() < 0.8 for bill in merchants.BILLS}
    style = {spending.code: float(random.uniform(0.6, 1.4)) for spending in merchants.SPENDINGS}
    entries: list[Entry] = []
    for index, month in enumerate(window.months):
        entries += _income(person.currency, pay, month)
        entries += _bills(random, person.currency, pay, month, has, raised=index >= len(window.months) // 2)
        entries += _purchases(random, person.currency, month, style)
    entries += _equal_purchases(person.currency, window)
    entries += _card_payments(entries, person.currency, window)
    numbers = {
        CHECKING: f"{random.integers(10**9, 10**10)}",
        SAVINGS: f"{random.integers(10**9, 10**10)}",
        CARD: f"4152{random.integers(10**11, 10**12)}",
    }
    opening = {CHECKING: int(pay * 1.5), SAVINGS: int(pay * random.uniform(0.5, 4)), CARD: 0}
    return Ledger(tuple(_referenced(e for e in entries if e.day < window.today)), opening, numbers)


def _income(currency: str, pay: int, month: Month) -> Iterator[Entry]:
    for day in (month.first.replace(day=15), month.last):
        paid = day - timedelta(days=max(0, day.weekday() - 4))  # a weekend's pay comes on Friday
        yield Entry(CHECKING, paid, pay, "DIRECTDEP", merchants.PAY[currency], "nomina")
        yield Entry(CHECKING, paid, -(pay // 10), "XFER", merchants.TO_SAVINGS[currency])
        yield Entry(SAVINGS, paid, pay // 10, "XFER", merchants.FROM_CHECKING[currency])
    if month.number == 12:
        yield Entry(CHECKING, month.first.replace(day=18), pay * 2, "DIRECTDEP", merchants.BONUS[currency], "aguinaldo")


def _bills(
    random: np.random.Generator, currency: str, pay: int, month: Month, has: dict[str, bool], *, raised: bool
) -> Iterator[Entry]:
    yield Entry(CHECKING, month.first, -(pay * 55 // 10_000) * 100, "PAYMENT", merchants.RENT[currency], "vivienda")
    for bill in merchants.BILLS:
        if not has[bill.names["MXN"]] or month.number % bill.every:
            continue
        amount = bill.amount * merchants.FACTORS[currency] * (1 + bill.spread * random.uniform(-1, 1))
        if bill.names["MXN"] == merchants.NETFLIX and raised:
            amount *= 249 / 219  # the price went up in the middle of the window
        account, kind = (CARD, "DEBIT") if bill.by_card else (CHECKING, "PAYMENT")
        day = month.first.replace(day=bill.day)
        yield Entry(account, day, -round(amount * 100), kind, bill.names[currency], bill.category, bill.code)


def _purchases(random: np.random.Generator, currency: str, month: Month, style: dict[int, float]) -> Iterator[Entry]:
    for spending in merchants.SPENDINGS:
        count = int(random.poisson(spending.monthly * style[spending.code]))
        shops = spending.shops[currency]
        typical = spending.typical * merchants.FACTORS[currency]
        drawn = zip(
            random.integers(0, month.days, count),
            random.lognormal(0.0, 0.45, count),
            random.random(count) < spending.by_card,
            random.integers(0, len(shops), count),
            strict=True,
        )
        for day, size, by_card, shop in drawn:
            account, kind = (CARD, "DEBIT") if by_card else (CHECKING, "POS")
            cents = -max(100, round(typical * float(size) * 100))
            when = month.first + timedelta(days=int(day))
            yield Entry(account, when, cents, kind, shops[shop], spending.category, spending.code)


def equal_purchase_day(window: Window) -> date:
    """Give the day of the two equal purchases: the 10th day from the end, or the first there is."""
    return max(window.first_day, window.last_day - timedelta(days=10))


def _equal_purchases(currency: str, window: Window) -> list[Entry]:
    shop = merchants.SPENDINGS[1].shops[currency][0]
    cents = -round(4_500 * merchants.FACTORS[currency])
    coffee = Entry(CARD, equal_purchase_day(window), cents, "DEBIT", shop, "supermercado", 5499)
    return [coffee, coffee]


def _card_payments(entries: list[Entry], currency: str, window: Window) -> Iterator[Entry]:
    for month in window.months[:-1]:
        owed = sum(e.cents for e in entries if e.account == CARD and month.first <= e.day <= month.last)
        paid = month.shift(1).first.replace(day=10)
        yield Entry(CHECKING, paid, owed, "XFER", merchants.CARD_PAID[currency])
        yield Entry(CARD, paid, -owed, "XFER", merchants.CARD_THANKS[currency])


def _referenced(entries: Iterator[Entry]) -> Iterator[Entry]:
    """Number the entries of an account's day: the bank's reference, the same in every statement."""
    ordered = sorted(entries, key=lambda entry: (entry.account, entry.day))
    for (_, day), group in groupby(ordered, key=lambda entry: (entry.account, entry.day)):
        for number, entry in enumerate(group, 1):
            yield replace(entry, reference=f"{day:%Y%m%d}{number:04d}")
