"""`billing`: closing months, drafts of a month's invoices, and invoices from there on."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cauce.cli.database import open_database
from cauce.cli.progress import step
from cauce.errors import FatalError

billing_app = typer.Typer(
    help="What people are billed: closed months, drafts, invoices, payments, credit notes.", no_args_is_help=True
)
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
    from cauce.database import Role

    day = read_month(month)
    database = open_database()
    with step("drafts"), database.transaction(Role.OWNER) as conn:
        drafted = draft(conn, day)
    out.print(
        f"{month}: {drafted.made:,} new, {drafted.remade:,} changed, {drafted.same:,} as they were,"
        f" {drafted.removed:,} with nothing to bill any more"
    )
    for currency, total in drafted.totals.items():
        out.print(f"  {_money(total, currency)} in drafts")


@billing_app.command("finalize")
def billing_finalize(month: Month) -> None:
    """Issue the invoices of a closed month: its drafts are made anew and get their numbers, all of them or none.

    Example: `cauce billing finalize 2026-10`
    """
    from cauce.billing.issuing import finalize
    from cauce.billing.months import read_month
    from cauce.database import Role

    day = read_month(month)
    database = open_database()
    with step("invoices"), database.transaction(Role.OWNER) as conn:
        issued = finalize(conn, day)
    out.print(f"{month}: {issued.count:,} issued" + (f", {issued.first} to {issued.last}" if issued.count else ""))
    for currency, total in issued.totals.items():
        out.print(f"  {_money(total, currency)}")


@billing_app.command("discard")
def billing_discard(month: Month) -> None:
    """Give up the drafts of a month, with the credits entered in them. What was issued stays.

    Example: `cauce billing discard 2026-10`
    """
    from cauce.billing.issuing import discard
    from cauce.billing.months import read_month
    from cauce.database import Role

    day = read_month(month)
    with open_database().transaction(Role.OWNER) as conn:
        discarded = discard(conn, day)
    out.print(f"{month}: {discarded:,} drafts given up")


@billing_app.command("grant")
def billing_grant(
    month: Month,
    email: Annotated[str, typer.Argument(help="Whose invoice.")],
    amount: Annotated[str, typer.Argument(help="How much, before tax, as 100.50.")],
    reason: Annotated[str, typer.Option(help="The text of its line.")],
    currency: Annotated[str, typer.Option(help="Of which invoice.")] = "MXN",
) -> None:
    """Enter a credit in somebody's draft of a month. What the invoice cannot hold is carried to the next.

    Example: `cauce billing grant 2026-10 ana@example.com 100 --reason "Disculpa por la interrupción"`
    """
    from cauce.billing.amounts import read_amount
    from cauce.billing.corrections import grant
    from cauce.billing.months import read_month
    from cauce.database import Role

    day, given = read_month(month), read_amount(amount)
    with open_database().transaction(Role.OWNER) as conn:
        invoice = grant(conn, day, email, given, reason, currency=currency)
    out.print(f"draft {invoice.id}: {_money(invoice.total, invoice.currency)}")


Amount = Annotated[str | None, typer.Option(help="Only so much, as 100.50.")]
Method = Annotated[str | None, typer.Option(help="How, as transfer.")]
Reference = Annotated[str | None, typer.Option(help="The bank's or the provider's; it counts once.")]
On = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day, if not today.")]


@billing_app.command("pay")
def billing_pay(
    number: Number, amount: Amount = None, method: Method = None, reference: Reference = None, on: On = None
) -> None:
    """Note that an invoice was paid: all that is due, or a part.

    Example: `cauce billing pay F-000001 --method transfer --reference 8812`
    """
    from cauce.billing.amounts import read_amount
    from cauce.billing.payments import pay
    from cauce.database import Role

    given = None if amount is None else read_amount(amount)
    with open_database().transaction(Role.OWNER) as conn:
        paid = pay(conn, number, amount=given, method=method, reference=reference, on=on and on.date())
    out.print(f"{number} is {paid.status}" + (f"; {_money(paid.due, paid.currency)} are still due" if paid.due else ""))


@billing_app.command("refund")
def billing_refund(
    number: Number, amount: Amount = None, method: Method = None, reference: Reference = None, on: On = None
) -> None:
    """Note that money went back of an invoice that credit notes made cheaper than what was paid.

    Example: `cauce billing refund F-000001`
    """
    from cauce.billing.amounts import read_amount
    from cauce.billing.payments import refund
    from cauce.database import Role

    back = None if amount is None else read_amount(amount)
    with open_database().transaction(Role.OWNER) as conn:
        left = refund(conn, number, amount=back, method=method, reference=reference, on=on and on.date())
    out.print(f"{number}: {_money(left.overpaid, left.currency)} are still to be given back")


@billing_app.command("void")
def billing_void(number: Number) -> None:
    """Declare that an invoice was never owed; its number stays taken. What was paid is credited instead.

    Example: `cauce billing void F-000001`
    """
    from cauce.billing.corrections import void
    from cauce.database import Role

    with open_database().transaction(Role.OWNER) as conn:
        void(conn, number)
    out.print(f"{number} is void; `cauce billing draft` drafts the month again")


@billing_app.command("credit")
def billing_credit(
    number: Number,
    amount: Annotated[str | None, typer.Option(help="How much, tax included; all that is left without it.")] = None,
    reason: Annotated[str | None, typer.Option(help="Said on the note.")] = None,
) -> None:
    """Issue a credit note: give back all that is left of an invoice, or a part.

    Example: `cauce billing credit F-000001 --amount 50`
    """
    from cauce.billing.amounts import read_amount
    from cauce.billing.corrections import credit
    from cauce.database import Role

    given = None if amount is None else read_amount(amount)
    with open_database().transaction(Role.OWNER) as conn:
        note = credit(conn, number, amount=given, reason=reason)
    out.print(f"{note.number} gives back {_money(-note.total, note.currency)} of {number}")


@billing_app.command("list")
def billing_list(
    month: Annotated[str | None, typer.Option(help="Only of this month, as 2026-10.")] = None,
    status: Annotated[str | None, typer.Option(help="Only in this state: draft, final, paid or void.")] = None,
    email: Annotated[str | None, typer.Option(help="Only of this person.")] = None,
) -> None:
    """List invoices and credit notes, the newest first. A draft is named by its id.

    Example: `cauce billing list --month 2026-10`
    """
    from cauce.billing.invoices import list_invoices
    from cauce.billing.months import read_month
    from cauce.database import Role
    from cauce.models.billing import InvoiceStatus

    if status is not None and status not in {*InvoiceStatus}:
        raise FatalError(f"no invoice is ever {status}", action=f"use one of {', '.join(InvoiceStatus)}")
    day = None if month is None else read_month(month)
    state = None if status is None else InvoiceStatus(status)
    with open_database().transaction(Role.OWNER) as conn:
        found = list_invoices(conn, month=day, status=state, email=email)
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


@billing_app.command("pdf")
def billing_pdf(
    number: Number,
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write.")],
) -> None:
    """Write an invoice, a credit note or a draft as PDF, in its person's language. It is not a CFDI, and says so.

    Example: `cauce billing pdf F-000001 -o F-000001.pdf`
    """
    from cauce.billing.document import invoice_pdf
    from cauce.database import Role

    with open_database().transaction(Role.OWNER) as conn:
        pdf = invoice_pdf(conn, number)
    try:
        output.write_bytes(pdf)
    except OSError as error:
        raise FatalError(f"{output} cannot be written: {error.strerror}", action="name another file") from error
    out.print(f"{output}: {len(pdf):,} bytes", markup=False)


def _say(what: str, amount: Decimal, currency: str) -> None:
    if amount:
        out.print(f" · {what} {_money(amount, currency)}", end="")


def _day(day: date | None) -> str:
    return "any day" if day is None else day.isoformat()


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:,.2f} {currency}"
