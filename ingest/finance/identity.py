"""Which two transactions of an account are the same one.

The bank's own number (FITID) is the identity. Without one, it is date, amount, description and the occurrence number:
equal rows of a file are numbered, so that two equal purchases are two, and the same two when the file comes again.
A number that the file itself gives to two different transactions is no identity, whatever the bank promises; then
every repeated number of that account is set aside and content decides there too.
"""

import hashlib
import re
from array import array
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import polars as pl

from ingest.finance.currencies import MINOR_UNITS

_NO_NUMBER = re.compile(r"0*|-+|n/?a|none|null", re.IGNORECASE)
_LONGEST = 240


def bank_number(fitid: str | None) -> str | None:
    """Give the bank's number of a transaction, or None where it stands for "none"."""
    return None if fitid is None or _NO_NUMBER.fullmatch(fitid) else fitid


def number_identity(number: str) -> str:
    """Write the identity of a transaction whose number can be trusted; at most 255 characters."""
    return (
        f"fitid:{number}" if len(number) <= _LONGEST else f"fitid-sha256:{hashlib.sha256(number.encode()).hexdigest()}"
    )


def content_identity(day: date, amount: Decimal, currency: str, description: str, occurrence: int) -> str:
    """Write the identity of the `occurrence`-th transaction of a file with this content, however it is spelled."""
    decimals = max(MINOR_UNITS.get(currency, 2), -int(amount.normalize().as_tuple().exponent))
    text = hashlib.sha256(_folded(description).encode()).hexdigest()[:32]
    return f"content:{day.isoformat()}|{amount:.{decimals}f}|{currency}|{text}|{occurrence}"


class Occurrences:
    """Takes every transaction of a file, in 32 bytes for each, then tells how each is identified."""

    def __init__(self) -> None:
        """Begin with no transaction."""
        self._columns = {name: array("q") for name in ("statement", "number", "money", "text")}

    def add(self, statement: int, number: str | None, money: str, description: str) -> None:
        """Take the next transaction of the file: its statement, its number; date, amount and currency as a text.

        Texts, because numbers make poor hashes: those of -1 and -2 are equal in Python.
        """
        values = (statement, 0 if number is None else hash(number) or 1, hash(money), hash(_folded(description)))
        for column, value in zip(self._columns.values(), values, strict=True):
            column.append(value)

    def numbers(self, accounts: Mapping[int, str]) -> "array[int]":
        """Give, in the order they were taken, each transaction's occurrence number, or 0: the bank's number holds.

        `accounts` tells which account each statement is of; several may be of one.
        """
        account_of = {statement: hash(account) for statement, account in accounts.items()}
        rows = pl.DataFrame([pl.Series(name, values, pl.Int64) for name, values in self._columns.items()])
        numbered, same_number = pl.col("number") != 0, ("account", "number")
        judged = rows.with_columns(
            pl.col("statement").replace_strict(account_of, default=0, return_dtype=pl.Int64).alias("account")
        ).with_columns(
            (numbered & (pl.struct("money", "text").n_unique().over(same_number) > 1)).alias("contradicted"),
            (numbered & (pl.len().over(same_number) > 1)).alias("repeated"),
        )
        doubtful = ~numbered | (pl.col("repeated") & pl.col("contradicted").any().over("account"))
        occurrence = pl.int_range(1, pl.len() + 1).over("account", "money", "text", "doubtful")
        counted = judged.with_columns(doubtful.alias("doubtful")).select(
            pl.when("doubtful").then(occurrence).otherwise(0)
        )
        return array("q", counted.to_series().to_list())


def _folded(description: str) -> str:
    return " ".join(description.casefold().split())
