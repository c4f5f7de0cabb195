"""`prices`: prices of our own for models, and what is of unknown cost."""

import sys
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from cauce.cli.database import open_database
from cauce.database import Role

prices_app = typer.Typer(help="Prices of our own for models: list, add, end, unknown.", no_args_is_help=True)
WIDE = 240
"""Columns where nobody looks on: a row is a line."""
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)
PER_MILLION = "Per million tokens."


@prices_app.command("list")
def prices_list(
    ended: Annotated[bool, typer.Option("--all", help="Those that have ended, too.")] = False,
) -> None:
    """List the prices that stand before the price list's: USD per million tokens, per call for `request`.

    Example: `cauce prices list --all`
    """
    from cauce.billing.model_prices import list_prices

    with open_database().transaction(Role.OWNER) as conn:
        found = list_prices(conn, ended=ended)
    table = Table("id", "provider", "model", "from", "to", "prices", "note", "by", box=None, pad_edge=False)
    for price in found:
        priced = ", ".join(f"{_unit(name)} {amount.normalize():f}" for name, amount in price.prices.items())
        dates = (_instant(price.valid_from), _instant(price.valid_to))
        said = (price.note or "", price.created_by or "")
        table.add_row(str(price.id), price.provider, price.model, *dates, priced, *said)
    out.print(table if found else "no prices of our own: the price list holds")


@prices_app.command("add")
def prices_add(
    provider: Annotated[str, typer.Argument(help="The provider, as events name it; `unknown` for none.")],
    model: Annotated[str, typer.Argument(help="The model; with `*` at the end every one that begins so.")],
    begins: Annotated[str, typer.Option("--from", help="The day (UTC) or time from which it holds.")],
    ends: Annotated[str | None, typer.Option("--to", help="The day or time from which it holds no more.")] = None,
    input_price: Annotated[str | None, typer.Option("--input", metavar="USD", help=PER_MILLION)] = None,
    output_price: Annotated[str | None, typer.Option("--output", metavar="USD", help=PER_MILLION)] = None,
    cache_read_price: Annotated[str | None, typer.Option("--cache-read", metavar="USD", help=PER_MILLION)] = None,
    cache_write_price: Annotated[str | None, typer.Option("--cache-write", metavar="USD", help=PER_MILLION)] = None,
    cache_write_1h_price: Annotated[
        str | None, typer.Option("--cache-write-1h", metavar="USD", help=PER_MILLION)
    ] = None,
    reasoning_price: Annotated[str | None, typer.Option("--reasoning", metavar="USD", help=PER_MILLION)] = None,
    input_audio_price: Annotated[str | None, typer.Option("--input-audio", metavar="USD", help=PER_MILLION)] = None,
    output_audio_price: Annotated[str | None, typer.Option("--output-audio", metavar="USD", help=PER_MILLION)] = None,
    request_price: Annotated[str | None, typer.Option("--request", metavar="USD", help="Per call.")] = None,
    note: Annotated[str | None, typer.Option(help="Why: a contract, an offer.")] = None,
    by: Annotated[str | None, typer.Option(metavar="EMAIL", help="Who decided it.")] = None,
) -> None:
    """Add a price. What it leaves out keeps the price list's price. `cauce reprice` brings it to events loaded before.

    Example: `cauce prices add openai gpt-4o --from 2026-01-01 --input 2.00 --output 8.00`
    """
    from cauce.billing.model_prices import add_price, read_instant, read_price

    given = {
        "input_price": input_price,
        "output_price": output_price,
        "cache_read_price": cache_read_price,
        "cache_write_price": cache_write_price,
        "cache_write_1h_price": cache_write_1h_price,
        "reasoning_price": reasoning_price,
        "input_audio_price": input_audio_price,
        "output_audio_price": output_audio_price,
        "request_price": request_price,
    }
    prices = {name: read_price(text) for name, text in given.items() if text is not None}
    valid_from, valid_to = read_instant(begins), None if ends is None else read_instant(ends)
    with open_database().transaction(Role.OWNER) as conn:
        added = add_price(conn, provider, model, prices, valid_from=valid_from, valid_to=valid_to, note=note, by=by)
    out.print(f"{added}: in force from {_instant(valid_from)}; see what it changes with `cauce reprice --dry-run`")


@prices_app.command("end")
def prices_end(
    price: Annotated[UUID, typer.Argument(help="The id, from `cauce prices list`.")],
    at: Annotated[str | None, typer.Option(help="The day (UTC) or time from which it holds no more; now.")] = None,
) -> None:
    """End a price. One that ends when it began was never in force.

    Example: `cauce prices end 0199f0c2-7b1e-7c33-9a55-3d2f6a1b4c5d --at 2026-02-01`
    """
    from cauce.billing.model_prices import end_price, read_instant

    instant = datetime.now(UTC) if at is None else read_instant(at)
    with open_database().transaction(Role.OWNER) as conn:
        end_price(conn, price, instant)
    out.print(f"{price}: in force until {_instant(instant)}; see what it changes with `cauce reprice --dry-run`")


@prices_app.command("unknown")
def prices_unknown() -> None:
    """List what is of unknown cost, by model: events, tokens, first and last seen (UTC), why, and what helps.

    Example: `cauce prices unknown`
    """
    from ingest.usage.unknown_costs import WHAT_TO_DO, unknown_costs

    with open_database().transaction(Role.OWNER) as conn:
        found = unknown_costs(conn)
    if not found:
        out.print("every cost is known")
        return
    table = Table("provider", "model", "events", "tokens", "first seen", "last seen", "why", box=None, pad_edge=False)
    for column in (2, 3):
        table.columns[column].justify = "right"
    for one in found:
        seen = (_instant(one.first_seen), _instant(one.last_seen))
        table.add_row(one.provider, one.model, f"{one.events:,}", f"{one.tokens:,}", *seen, one.reason)
    out.print(table)
    for reason, text in WHAT_TO_DO.items():
        if any(one.reason == reason for one in found):
            out.print(f"· {reason}: {text}", markup=False)


def _unit(column: str) -> str:
    return column.removesuffix("_price").replace("_", " ")


def _instant(instant: datetime | None) -> str:
    if instant is None:
        return ""
    instant = instant.astimezone(UTC)
    return f"{instant:%Y-%m-%d}" if instant.time() == datetime.min.time() else f"{instant:%Y-%m-%d %H:%M}"
