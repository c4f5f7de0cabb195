"""How often a medicine is due, read from what people and prescribers write, in Spanish, English and Latin.

Whatever is not understood, or says two different things, gives no number: a wrong schedule makes false missed doses.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from ingest.health.frequency_words import CODES, DAYS, NUMBERS, SLOTS

_STEP = Decimal("0.001")
_MOST = Decimal(48)
_N = r"(?P<n>\d{1,3}|" + "|".join(word for word in NUMBERS if not word.isdigit()) + r")"
_RANGE = re.compile(r"\d\s*(?:-|a|o|to|or)\s*\d+\s*(?:h|hrs?|horas?|hours?|veces|times|dias?|days?)\b")
_HOURS = re.compile(rf"(?:\b(?:cada|every|q)|\bc/|/)\s*{_N}\s*(?:h|hrs?|horas?|hours?)\b")
_EVERY_DAYS = re.compile(rf"\b(?:cada|every)\s+{_N}\s+(?:dias|days)\b")
_OTHER_DAY = re.compile(
    r"\b(?:cada tercer dia|dias? alternos?|cada otro dia|dia por medio|interdiario|"
    r"un dia si y (?:un dia |otro )no|every other day|qod|eod)\b"
)
_A_DAY = re.compile(
    rf"\b{_N}\s*(?:x|veces|vez|tomas|dosis|times|doses)?\s*(?:(?:al|por|/|a|per|each|every|cada|x)\s*(?:dia|day)|diari[ao]s?|daily)\b"
)
_ENGLISH_A_DAY = re.compile(r"\b(once|twice|thrice)\s+(?:(?:a|per|each|every)\s+day|daily)\b")
_A_WEEK = re.compile(rf"\b{_N}\s*(?:veces|vez|times)\s*(?:a la|por|cada|a|per)\s*(?:semana|week)\b")
_ENGLISH_A_WEEK = re.compile(r"\b(once|twice|thrice)\s+(?:(?:a|per|each|every)\s+week|weekly)\b")
_WEEKLY = re.compile(r"\b(?:semanal(?:mente)?|weekly|cada semana|every week|cada 7 dias|every 7 days)\b")
_PATTERN = re.compile(r"\b(\d)-(\d)-(\d)(?:-(\d))?\b")
_MEALS = re.compile(r"\b(?:con|antes de|despues de|in|with|before|after)\s+(?:cada|each|every)\s+(?:comida|meal)\b")
_DAILY = re.compile(r"\b(?:diari[ao]s?|diariamente|cada dia|todos los dias|daily|every day|each day)\b")
# "2 tabletas al dia" does not say whether together.
_AMOUNT_A_DAY = re.compile(
    rf"\b{_N} (?!(?:veces|vez|tomas|dosis|times|doses|mg|mcg|g|ml|ui|iu)\b)[a-z]+ "
    r"(?:al dia|por dia|diari[ao]s|daily|a day|per day)\b"
)
_AS_NEEDED = re.compile(
    r"\b(?:prn|sos|si|if|por razon necesaria|(?:segun|cuando)(?: sea| es)? neces\w+|en caso de|a demanda|"
    r"as needed|as required|when (?:needed|required|necessary)|for pain|por dolor)\b"
)
_DOTTED = re.compile(r"\b[a-z](?:\.[a-z])+\b")
_ONCE = {"once": 1, "twice": 2, "thrice": 3}
_WORKDAYS = re.compile(r"\b(?:lunes a viernes|monday (?:to|through) friday|entre semana|weekdays)\b")
_EXCEPT = re.compile(r"\b(?:excepto|salvo|menos|no tomar|suspender|descansar|descanso|except|but not|skip|off)\b")
_SPANS = {
    _WORKDAYS: (1, 2, 3, 4, 5),
    re.compile(r"\bfin(?:es)? de semana\b|\bweekends?\b"): (6, 7),
}


@dataclass(frozen=True, slots=True)
class Frequency:
    """When doses are due: how many on a due day, on which days (1 = Monday; None: every day), or only as needed."""

    times_per_day: Decimal | None = None
    days_of_week: tuple[int, ...] | None = None
    as_needed: bool = False


def per_day(times: Decimal | int) -> Decimal | None:
    """Round doses a day to three decimals; None beyond what anyone is prescribed."""
    if not 0 < times <= _MOST:
        return None
    return Decimal(times).quantize(_STEP) or None


def read_frequency(text: str | None) -> Frequency | None:
    """Read a frequency such as `cada 8 horas`, `2 veces al día`, `BID`, `lunes y jueves`; None when nothing is told."""
    if text is None:
        return None
    plain = _plain(text)
    as_needed = _AS_NEEDED.search(plain.replace("un dia si", "")) is not None
    days = _days(plain)
    times = _times(plain, days)
    if days is not None and _EXCEPT.search(plain):  # days on which it is not due
        return Frequency(as_needed=True) if as_needed else None
    if times is None and days is None and not as_needed:
        return None
    return Frequency(times, days if times is not None or as_needed else None, as_needed)


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    codes = _DOTTED.sub(lambda match: match[0].replace(".", ""), letters)
    return " ".join(re.sub(r"[^a-z0-9/\-]+", " ", codes).split())


def _times(plain: str, days: tuple[int, ...] | None) -> Decimal | None:
    amount = _AMOUNT_A_DAY.search(plain)
    if _RANGE.search(plain) or (amount and _number(amount["n"]) > 1):
        return None
    weekly = {Decimal(n) for n in _weekly(plain)}
    if days is not None and weekly:
        (n,) = weekly if len(weekly) == 1 else (None,)
        return None if n is None or (n > 1 and n % len(days)) else per_day(max(Decimal(1), n / len(days)))
    found = {Decimal(n) for n in _daily(plain)} | {n / 7 for n in weekly}
    if found:
        return per_day(found.pop()) if len(found) == 1 else None
    if _MEALS.search(plain):
        return per_day(3)
    slots = {slot for words, slot in SLOTS.items() if re.search(rf"\b(?:{words})\b", plain)}
    if slots:
        return per_day(len(slots))
    return per_day(1) if days is not None or _DAILY.search(plain) else None


def _daily(plain: str) -> Iterator[Decimal]:
    for match in _HOURS.finditer(plain):
        if number := _number(match["n"]):
            yield Decimal(24) / number
    for match in _EVERY_DAYS.finditer(plain):
        if (number := _number(match["n"])) and number != 7:
            yield Decimal(1) / number
    for match in _A_DAY.finditer(plain):
        yield Decimal(_number(match["n"]))
    if _OTHER_DAY.search(plain):
        yield Decimal("0.5")
    yield from (Decimal(_ONCE[match[1]]) for match in _ENGLISH_A_DAY.finditer(plain))
    yield from (CODES[word] for word in re.split(r"[ /]", plain) if word in CODES)
    yield from (Decimal(sum(int(part or 0) > 0 for part in match.groups())) for match in _PATTERN.finditer(plain))


def _weekly(plain: str) -> Iterator[int]:
    weeks = [_number(match["n"]) for match in _A_WEEK.finditer(plain)]
    weeks += [_ONCE[match[1]] for match in _ENGLISH_A_WEEK.finditer(plain)]
    yield from weeks or ([1] if _WEEKLY.search(plain) else [])


def _number(word: str) -> int:
    return int(word) if word.isdigit() else NUMBERS[word]


def _days(plain: str) -> tuple[int, ...] | None:
    found = {day for span, numbers in _SPANS.items() if span.search(plain) for day in numbers}
    if not found:
        found = {day for words, day in DAYS.items() if re.search(rf"\b(?:{words})\b", plain)}
    return tuple(sorted(found)) or None
