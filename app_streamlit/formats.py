"""Numbers, money, dates and instants as a person in Mexico or an English speaker reads them.

Both languages group thousands with a comma and mark decimals with a point (CLDR es-MX and en). Money always carries its
currency code; the database rounds nothing, so the only rounding is the one done here, half away from zero.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import date as Day  # noqa: N812 - `date` is one of the formats
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from zoneinfo import ZoneInfo

Number = int | float | Decimal
MINUS: Final = "\u2212"
SPACE: Final = "\u00a0"

_MONTHS: Final = {
    "es": [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}
_SHORT: Final = {
    "es": ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"],
    "en": ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
}
_SYMBOLS: Final = {"MXN": "$", "USD": "$", "CAD": "$", "COP": "$", "ARS": "$", "CLP": "$", "EUR": "€", "GBP": "£"}
_NO_MINOR_UNIT: Final = frozenset({"CLP", "JPY", "KRW", "PYG", "VND", "ISK"})


@dataclass(frozen=True, slots=True)
class Formats:
    """The formats of one person: `language` is 'es' or 'en', `zone` an IANA name."""

    language: str
    zone: str

    def number(self, value: Number | None, decimals: int = 0) -> str:
        """Write `value` with `decimals` places, thousands grouped; an em dash for None."""
        if value is None:
            return "—"
        exact = _rounded(value, decimals)
        return f"{MINUS if exact < 0 else ''}{abs(exact):,.{decimals}f}"

    def compact(self, value: Number | None) -> str:
        """Write a count of tokens in at most four digits: 950, 12.3 mil, 4.56 M (English: 12.3K, 4.56M)."""
        if value is None:
            return "—"
        size = abs(Decimal(value))
        for limit, name in (
            (Decimal(10) ** 9, "B" if self.language == "en" else f"{SPACE}mil{SPACE}M"),
            (Decimal(10) ** 6, "M" if self.language == "en" else f"{SPACE}M"),
            (Decimal(10) ** 4, "K" if self.language == "en" else f"{SPACE}mil"),
        ):
            if size >= limit:
                scale = Decimal(1000) if limit == Decimal(10) ** 4 else limit
                scaled = Decimal(value) / scale
                return self.number(scaled, 2 if abs(scaled) < 10 else 1) + name
        return self.number(value)

    def percent(self, ratio: Number | None, decimals: int = 0) -> str:
        """Write a ratio (0.875) as a percentage (88%)."""
        return "—" if ratio is None else f"{self.number(_exact(ratio) * 100, decimals)}%"

    def money(self, amount: Number | None, currency: str, *, sign: bool = False) -> str:
        """Write an amount with its currency code, in the currency's minor unit; `sign` shows + as well."""
        if amount is None:
            return "—"
        decimals = 0 if currency in _NO_MINOR_UNIT else 2
        exact = _rounded(amount, decimals)
        mark = MINUS if exact < 0 else "+" if sign and exact > 0 else ""
        return f"{mark}{_SYMBOLS.get(currency, '')}{abs(exact):,.{decimals}f}{SPACE}{currency}"

    def cost(self, amount: Number | None, currency: str = "USD") -> str:
        """Write the cost of model calls: below one unit it keeps four places, since a cent is many calls."""
        if amount is None:
            return "—"
        exact = _exact(amount)
        if exact == 0 or abs(exact) >= 1:
            return self.money(exact, currency)
        symbol = _SYMBOLS.get(currency, "")
        if abs(exact) < Decimal("0.0001"):
            return f"< {symbol}0.0001{SPACE}{currency}"
        return f"{MINUS if exact < 0 else ''}{symbol}{abs(_rounded(exact, 4)):,.4f}{SPACE}{currency}"

    def price(self, amount: Number) -> str:
        """Write a price per unit with at least two decimals and all it has up to six, without its currency."""
        whole, _, decimals = self.number(amount, 6).partition(".")
        return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"

    def size(self, amount: Number) -> str:
        """Write a number of bytes in the largest unit it fills: 500 MB, 1.5 GB; whole binary ones as such: 100 MiB."""
        for unit, name in ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB")):
            if amount and amount % unit == 0:
                return f"{self.number(amount // unit)}{SPACE}{name}"
        for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
            if abs(_exact(amount)) >= unit:
                scaled = _exact(amount) / unit
                return f"{self.number(scaled, 0 if scaled == int(scaled) else 1)}{SPACE}{name}"
        return f"{self.number(amount)}{SPACE}B"

    def date(self, day: Day | None) -> str:
        """Write a day: 3 mar 2025, or Mar 3, 2025."""
        if day is None:
            return "—"
        short = _SHORT[self.language][day.month - 1]
        return f"{short} {day.day}, {day.year}" if self.language == "en" else f"{day.day} {short} {day.year}"

    def day(self, day: Day) -> str:
        """Write a day without its year: 3 de marzo, or March 3."""
        name = _MONTHS[self.language][day.month - 1]
        return f"{name} {day.day}" if self.language == "en" else f"{day.day} de {name}"

    def month(self, day: Day) -> str:
        """Write the month of a day: marzo de 2025, or March 2025."""
        name = _MONTHS[self.language][day.month - 1]
        return f"{name} {day.year}" if self.language == "en" else f"{name} de {day.year}"

    def short_month(self, day: Day) -> str:
        """Write the month of a day for an axis: mar 25, or Mar 25."""
        return f"{_SHORT[self.language][day.month - 1]} {day.year % 100:02d}"

    def instant(self, at: datetime | None) -> str:
        """Write an instant in the person's zone: 3 mar 2025, 14:05 (English: Mar 3, 2025, 2:05 PM)."""
        if at is None:
            return "—"
        here = self.local(at)
        if self.language == "en":
            return (
                f"{self.date(here.date())}, {here.hour % 12 or 12}:{here.minute:02d} {'AM' if here.hour < 12 else 'PM'}"
            )
        return f"{self.date(here.date())}, {here.hour}:{here.minute:02d}"

    def utc(self, at: datetime) -> str:
        """Write an instant in UTC: the day alone where it is its beginning."""
        there = Formats(self.language, "UTC")
        here = there.local(at)
        return there.date(here.date()) if here.time() == datetime.min.time() else f"{there.instant(at)} UTC"

    def local(self, at: datetime) -> datetime:
        """The instant in the person's zone; a naive one is read as UTC."""
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(ZoneInfo(self.zone))


def _exact(value: Number) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(repr(value) if isinstance(value, float) else value)


def _rounded(value: Number, decimals: int) -> Decimal:
    return _exact(value).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
