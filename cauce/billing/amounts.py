"""Amounts as people write them."""

from decimal import Decimal, InvalidOperation

from cauce.errors import FatalError


def read_amount(text: str) -> Decimal:
    """The positive amount that `text` names as 1234.50; raises `FatalError` for anything else."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0:
        raise FatalError(f"{text!r} is not an amount", action="write one above 0, as 1234.50")
    return amount


def in_units(amount: Decimal, currency: str, minor_units: int) -> Decimal:
    """The amount, which must be a whole number of the currency's smallest unit; raises `FatalError` when it is not."""
    if amount != round(amount, minor_units):
        raise FatalError(f"{amount} {currency} cannot be paid", action=f"write at most {minor_units} decimals")
    return amount
