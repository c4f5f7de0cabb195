"""Prices of our own for models.

A price holds from an instant on, until before another. What it does not price keeps the price list's price. Events that
are loaded already keep their cost until they are priced anew (`cauce reprice`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from uuid import UUID

import psycopg
from psycopg import errors, sql
from psycopg.rows import dict_row

from cauce.errors import FatalError
from cauce.models.usage import PRICES

HIGHEST = 1_000_000
"""USD. No price of a million tokens, or of a call, is higher."""
FOLLOWS_PRICES = """(CASE
  WHEN unpriced IS NOT NULL THEN NOT unpriced
  WHEN total_cost IS NULL THEN provider IS NOT NULL AND total_tokens > 0
  ELSE price_version LIKE 'genai-prices%' END)"""
"""SQL: whether the cost of a row of `usage_logs` follows prices. Of rows older than `unpriced` some are unknown on
purpose, and nobody can tell which: what named no provider or counted nothing stays as it is."""


class PriceError(FatalError):
    """A price that cannot be taken as it is; `rule` is the short name of why, `value` what it is about."""

    def __init__(self, message: str, *, rule: str, value: str, where: str | None = None, action: str) -> None:
        """Say what is wrong, where, and what to do."""
        super().__init__(message, where=where, action=action, rule=rule, about={"value": value})


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """A price of our own; `prices` by column of `model_prices`, in USD."""

    id: UUID
    provider: str
    model: str
    valid_from: datetime
    valid_to: datetime | None
    prices: Mapping[str, Decimal]
    note: str | None
    created_by: str | None


def read_instant(text: str) -> datetime:
    """The instant that `text` names: a day, which begins at midnight UTC, or an RFC 3339 time with its zone."""
    try:
        if len(text) == len("2026-01-31"):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise FatalError(f"{text!r} is no day and no time", action="write it as 2026-01-31") from error
    if instant.tzinfo is None:
        raise FatalError(f"{text!r} has no time zone", action="write it as 2026-01-31T09:30:00-06:00")
    return instant


def read_price(text: str) -> Decimal:
    """The price that `text` names, exactly; raises `PriceError` where it is none."""
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal("NaN")
    if not (price.is_finite() and 0 <= price <= HIGHEST and price == price.quantize(Decimal(1).scaleb(-12))):
        raise PriceError(
            f"{text!r} is no price",
            rule="no_price",
            value=text,
            action=f"give USD from 0 to {HIGHEST:,} with at most 12 decimals, as 2.50",
        )
    return price


def list_prices(conn: psycopg.Connection, *, ended: bool = False) -> list[OwnPrice]:
    """The prices in force or to come, with `ended` all, in the order of provider, model and time."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT p.*, u.email FROM model_prices p LEFT JOIN users u ON u.id = p.created_by"
            " WHERE %s OR p.valid_to IS NULL OR p.valid_to > now() ORDER BY p.provider, p.model, p.valid_from",
            (ended,),
        ).fetchall()
    return [
        OwnPrice(
            **{name: row[name] for name in ("id", "provider", "model", "valid_from", "valid_to", "note")},
            prices={name: row[name] for name in PRICES if row[name] is not None},
            created_by=row["email"],
        )
        for row in rows
    ]


def add_price(
    conn: psycopg.Connection,
    provider: str,
    model: str,
    prices: Mapping[str, Decimal],
    *,
    valid_from: datetime,
    valid_to: datetime | None = None,
    note: str | None = None,
    by: str | None = None,
) -> UUID:
    """Add a price and give its id; `by` is the e-mail address of who decided it.

    Raises `PriceError` where it says nothing, ends before it begins, or lies over another of the same model.
    """
    provider, model = provider.strip().lower(), model.strip().lower()
    if not provider or not model or "*" in model[:-1]:
        raise PriceError(
            f"{provider!r} {model!r} names no model",
            rule="no_model",
            value=f"{provider} {model}".strip(),
            action="give a provider and a model; `*` at the end means every model whose name begins so",
        )
    named = f"{provider} {model}"
    if not prices:
        raise PriceError(
            "a price without any price", rule="empty", value=named, where=named, action="give one, as --input 2.50"
        )
    if valid_to is not None and valid_to <= valid_from:
        raise PriceError(
            "the price ends before it begins", rule="ends_first", value=named, where=named, action="give a later --to"
        )
    row = {
        "provider": provider,
        "model": model,
        "valid_from": valid_from,
        "valid_to": valid_to,
        **prices,
        "note": note,
        "created_by": None if by is None else _person(conn, by),
    }
    statement = sql.SQL("INSERT INTO model_prices ({}) VALUES ({}) RETURNING id").format(
        sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join(map(sql.Placeholder, row))
    )
    try:
        added = conn.execute(statement, row).fetchone()
    except errors.ExclusionViolation as error:
        raise _overlaps(provider, model) from error
    assert added is not None  # noqa: S101 - it returns what it inserted
    return UUID(str(added[0]))


def end_price(conn: psycopg.Connection, price: UUID, at: datetime) -> None:
    """End a price: it is in force until before `at`. One that ends when it began was never in force.

    Raises `PriceError` where it begins later or would lie over another, `FatalError` where there is no such price.
    """
    row = conn.execute("SELECT provider, model, valid_from FROM model_prices WHERE id = %s FOR UPDATE", (price,))
    found = row.fetchone()
    if found is None:
        raise FatalError(f"there is no price {price}", action="take an id from `cauce prices list --all`")
    provider, model, begins = found
    if at < begins:
        raise PriceError(
            f"the price begins later, on {begins.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
            rule="begins_later",
            value=f"{provider} {model}",
            where=f"{provider} {model}",
            action="end it then, with --at, and it was never in force",
        )
    try:
        conn.execute("UPDATE model_prices SET valid_to = %s WHERE id = %s", (at, price))
    except errors.ExclusionViolation as error:
        raise _overlaps(provider, model) from error


def _overlaps(provider: str, model: str) -> PriceError:
    return PriceError(
        "another price of the same model is in force in that time",
        rule="overlaps",
        value=f"{provider} {model}",
        where=f"{provider} {model}",
        action="see `cauce prices list --all`, and end the other with `cauce prices end`",
    )


def _person(conn: psycopg.Connection, email: str) -> UUID:
    found = conn.execute("SELECT id FROM users WHERE lower(email) = lower(btrim(%s))", (email,)).fetchone()
    if found is None:
        raise FatalError("nobody has the address", where=email, action="give the address of somebody registered")
    return UUID(str(found[0]))
