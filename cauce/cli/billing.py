"""`billing`: closing months, drafts of a month's invoices, and invoices from there on."""

from datetime import UTC, date
from decimal import Decimal
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cauce.cli.database import open_database
from cauce.cli.progress import step
from cauce.models.billing import InvoiceStatus

billing_app = typer.Typer(help="What people are billed: close, months, draft, list, show.", no_args_is_help=True)
out = Console(highlight=False, soft_wrap=True)

Month = Annotated[str, typer.Argument(help="The month, as 2026-10.")]
Number = Annotated[str, typer.Argument(help="The number, as F-000001, or the id of a draft.")]


@billing_app.command("close")
def billing_close(month: Month) -> None:
    """Close a month and all open ones before it: their figures stay; what changes later adjusts a later month.

    Example: `cauce billing close 2026-10`
    """
    from cauce.billing.closing import close_months
    from cauce.billing.months import read_month
    from cauce.database import Role

    day = read_month(month)
    with open_database().transaction(Role.OWNER) as conn:
        closed = close_months(conn, day)
    for one in closed:
        adjusted = f", of which {one.adjusted:,.2f} adjust older months" if one.adjusted else ""
        out.print(f"{one.month:%Y-%m} is closed: {one.events:,} events, {one.cost:,.2f} USD{adjusted}")


@billing_app.command("months")
def billing_months() -> None:
    """List the closed months, and the one that closes next.

    Example: `cauce billing months`
    """
    from cauce.billing.closing import closed_months, over_at
    from cauce.billing.months import month_after
    from cauce.database import Role

    with open_database().transaction(Role.OWNER) as conn:
        closed = closed_months(conn)
    if not closed:
        out.print("no month is closed; `cauce billing close YYYY-MM` closes one and all before it")
        return
    table = Table("month", "closed (UTC)", "events", "cost (USD)", "of it adjustments", box=None, pad_edge=False)
    for column in (2, 3, 4):
        table.columns[column].justify = "right"
    for one in closed:
        figures = (f"{one.events:,}", f"{one.cost:,.2f}", f"{one.adjusted:,.2f}")
        table.add_row(f"{one.month:%Y-%m}", f"{one.closed_at.astimezone(UTC):%Y-%m-%d %H:%M}", *figures)
    out.print(table)
    first_open = month_after(closed[-1].month)
    out.print(f"{first_open:%Y-%m} is open; it can be closed from {over_at(first_open):%Y-%m-%d %H:%M} UTC on")


@billing_app.command("draft")
def billing_draft(month: Month) -> None:
    """Make or remake the drafts of everybody for a month. Safe at any time: only drafts change.

    Example: `cauce billing draft 2026-10`
    """
    from cauce.billing.drafts import draft
    from cauce.billing.months import read_month

    day = read_month(month)
    database = open_database()
    with step("drafts"):
        drafted = draft(database, day)
    out.print(
        f"{month}: {drafted.made:,} new, {drafted.remade:,} changed, {drafted.same:,} as they were,"
        f" {drafted.removed:,} with nothing to bill any more"
    )
    for currency, total in drafted.totals.items():
        out.print(f"  {_money(total, currency)} in drafts")


@billing_app.command("list")
def billing_list(
    month: Annotated[str | None, typer.Option(help="Only of this month, as 2026-10.")] = None,
    status: Annotated[InvoiceStatus | None, typer.Option(help="Only in this state.")] = None,
    email: Annotated[str | None, typer.Option(help="Only of this person.")] = None,
) -> None:
    """List invoices and credit notes, the newest first. A draft is named by its id.

    Example: `cauce billing list --month 2026-10`
    """
    from cauce.billing.invoices import list_invoices
    from cauce.billing.months import read_month

    found = list_invoices(
        open_database(), month=None if month is None else read_month(month), status=status, email=email
    )
    table = Table("number", "month", "state", "of", "total", "to pay", box=None, pad_edge=False)
    for column in (4, 5):
        table.columns[column].justify = "right"
    for invoice in found:
        table.add_row(
            invoice.number or str(invoice.id),
            f"{invoice.period_start:%Y-%m}",
            invoice.status,
            invoice.email,
            _money(invoice.total, invoice.currency),
            _money(invoice.due, invoice.currency) if invoice.due else "",
        )
    out.print(table if found else "no invoices")


@billing_app.command("show")
def billing_show(number: Number) -> None:
    """Show an invoice or a credit note with its lines.

    Example: `cauce billing show F-000001`
    """
    from cauce.billing.invoices import find_invoice, lines_of
    from cauce.database import Role

    with open_database().transaction(Role.OWNER) as conn:
        invoice = find_invoice(conn, number)
        lines = lines_of(conn, invoice)
    title = f"{invoice.number or invoice.id} · {invoice.status} · {invoice.period_start:%Y-%m} · {invoice.email}"
    out.print(title + (f" · for {invoice.credits}" if invoice.credits else ""), markup=False)
    table = Table("", "quantity", "price", "amount", box=None, pad_edge=False)
    for column in (1, 2, 3):
        table.columns[column].justify = "right"
    for line in lines:
        price = f"{line.unit_price.normalize():f}"
        table.add_row(line.description, f"{line.quantity.normalize():,f}", price, f"{line.amount:,.2f}")
    out.print(table)
    out.print(f"total {_money(invoice.total, invoice.currency)}", end="")
    _say("credited", invoice.credited, invoice.currency)
    _say("paid", invoice.paid, invoice.currency)
    _say(f"to pay by {_day(invoice.due_on)}", invoice.due, invoice.currency)
    out.print()


def _say(what: str, amount: Decimal, currency: str) -> None:
    if amount:
        out.print(f" · {what} {_money(amount, currency)}", end="")


def _day(day: date | None) -> str:
    return "any day" if day is None else day.isoformat()


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:,.2f} {currency}"
