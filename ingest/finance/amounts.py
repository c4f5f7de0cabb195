"""Amounts of money as banks and spreadsheets write them, read exactly or not at all."""

import re
from decimal import Decimal

_GROUPED_DOT = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
_GROUPED_COMMA = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d*", re.ASCII)
_PLAIN = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)", re.ASCII)
_LIMIT = Decimal(10) ** 15
_STEP = Decimal("0.0001")


def bank_amount(text: str) -> Decimal | None:
    """Read an amount of a statement: `-1234.5`, with a comma for the decimals too (OFX 1.6, section 3.2.9.1).

    Thousands are taken apart only when a decimal sign of the other kind makes them certain: `1,234.50`, `1.234,50`.
    None when it is no amount or has more than 15 digits before or 4 after the decimal sign.
    """
    if _PLAIN.fullmatch(text):
        return _exact(text.replace(",", "."))
    if "." in text and "," in text:
        return _grouped(text)
    return None


def sheet_amount(text: str) -> Decimal | None:
    """Read an amount of a spreadsheet as Mexicans write it: `1,234`, `$1,234.50`, `1234.50 MXN` without the letters.

    A single comma with one or two digits after it is a decimal comma; with three it parts thousands.
    """
    bare = text.removeprefix("$").replace(" ", "")
    return _grouped(bare) or bank_amount(bare)


def _grouped(text: str) -> Decimal | None:
    if _GROUPED_DOT.fullmatch(text):
        return _exact(text.replace(",", ""))
    if _GROUPED_COMMA.fullmatch(text):
        return _exact(text.replace(".", "").replace(",", "."))
    return None


def _exact(text: str) -> Decimal | None:
    value = Decimal(text)
    if abs(value) >= _LIMIT or value != value.quantize(_STEP):
        return None
    return value
