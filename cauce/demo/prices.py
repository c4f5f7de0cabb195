"""What the demo's admin agreed with a provider: prices of a contract, and an offer that is over."""

from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg

from cauce.billing.model_prices import add_price
from cauce.demo.window import Window

PROVIDER, MODEL = "mistral", "mistral-small-latest"


def write_prices(conn: psycopg.Connection, window: Window, admin: str) -> None:
    """Put an offer and the contract after it before the price list's price of a model, in the name of the admin."""
    began = window.first_day
    contract = window.complete.first
    if began < contract:
        offer = {"input_price": Decimal("0.05"), "output_price": Decimal("0.15")}
        _add(conn, offer, began, contract, "Oferta de bienvenida", admin)
    agreed = {"input_price": Decimal("0.08"), "output_price": Decimal("0.24")}
    _add(conn, agreed, contract, None, "Contrato anual, con descuento", admin)


def _add(
    conn: psycopg.Connection, prices: dict[str, Decimal], first: date, end: date | None, note: str, by: str
) -> None:
    until = None if end is None else _midnight(end)
    add_price(conn, PROVIDER, MODEL, prices, valid_from=_midnight(first), valid_to=until, note=note, by=by)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
