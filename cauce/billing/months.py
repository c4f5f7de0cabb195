"""Months as people write them."""

from datetime import date

from cauce.errors import FatalError


def read_month(text: str) -> date:
    """The first day of the month that `text` names as 2026-10; raises `FatalError` for anything else."""
    try:
        if len(text) != len("2026-10"):
            raise ValueError(text)
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise FatalError(f"{text!r} is not a month", action="write it as 2026-10") from error


def month_after(month: date) -> date:
    """The first day of the next month."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
