"""Money that comes in for an invoice, and money that goes back."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import psycopg

from cauce.billing.amounts import in_units
from cauce.billing.invoices import Invoice, find_invoice, locked_invoice
from cauce.errors import FatalError, SkippableError
from cauce.models.billing import InvoiceKind, InvoiceStatus, PaymentKind

_PAY = """
INSERT INTO payments (user_id, invoice_id, kind, status, currency, amount, method, external_id, paid_at)
SELECT %(person)s, %(invoice)s, %(kind)s, 'succeeded', %(currency)s, %(amount)s, %(method)s, %(reference)s,
  coalesce(%(on)s::date::timestamp AT TIME ZONE u.timezone, now())
FROM users u WHERE u.id = %(person)s
RETURNING paid_at
"""
_PAID = "UPDATE invoices SET status = 'paid', paid_at = %s WHERE user_id = %s AND id = %s"


def pay(
    conn: psycopg.Connection,
    number: str,
    *,
    amount: Decimal | None = None,
    method: str | None = None,
    reference: str | None = None,
    on: date | None = None,
) -> Invoice:
    """Note that an invoice was paid, all that is due or `amount` of it; with nothing more due it is paid.

    `reference` is the bank's or the provider's: the same one again is refused. Gives the invoice as it is afterwards.
    """
    invoice = locked_invoice(conn, number)
    if invoice.kind != InvoiceKind.INVOICE or invoice.status != InvoiceStatus.FINAL or not invoice.due:
        raise SkippableError(
            f"nothing is to be paid of {number}, which is {invoice.status}",
            action="`cauce billing show` says more",
            rule="nothing_due",
            about={"number": number},
        )
    paid = in_units(invoice.due if amount is None else amount, invoice.currency, invoice.minor_units)
    if paid > invoice.due:
        raise FatalError(
            f"{paid} {invoice.currency} are more than the {invoice.due} that are due of {number}",
            action="note what is due, and the rest with the invoice it is for",
            rule="more_than_due",
            about={"number": number, "due": (invoice.due, invoice.currency)},
        )
    at = _note(conn, invoice, PaymentKind.PAYMENT, paid, method, reference, on)
    if paid == invoice.due:
        conn.execute(_PAID, (at, invoice.user_id, invoice.id))
    return find_invoice(conn, number)


def refund(
    conn: psycopg.Connection,
    number: str,
    *,
    amount: Decimal | None = None,
    method: str | None = None,
    reference: str | None = None,
    on: date | None = None,
) -> Invoice:
    """Note that money went back of an invoice that credit notes made cheaper than what was paid: all, or `amount`."""
    invoice = locked_invoice(conn, number)
    if not invoice.overpaid:
        raise SkippableError(
            f"nothing is to be given back of {number}",
            action="`cauce billing credit` gives something back first",
            rule="nothing_overpaid",
            about={"number": number},
        )
    back = in_units(invoice.overpaid if amount is None else amount, invoice.currency, invoice.minor_units)
    if back > invoice.overpaid:
        raise FatalError(
            f"{back} {invoice.currency} are more than the {invoice.overpaid} that {number} has too much",
            action="write less, or give more back by `cauce billing credit` first",
            rule="more_than_overpaid",
            about={"number": number, "overpaid": (invoice.overpaid, invoice.currency)},
        )
    _note(conn, invoice, PaymentKind.REFUND, back, method, reference, on)
    return find_invoice(conn, number)


def settle(conn: psycopg.Connection, number: str) -> None:
    """An invoice of which nothing is due any more, as what was not paid was given back, is paid."""
    invoice = find_invoice(conn, number)
    if invoice.status == InvoiceStatus.FINAL and not invoice.due:
        conn.execute(_PAID, (datetime.now().astimezone(), invoice.user_id, invoice.id))


def _note(
    conn: psycopg.Connection,
    invoice: Invoice,
    kind: PaymentKind,
    amount: Decimal,
    method: str | None,
    reference: str | None,
    on: date | None,
) -> datetime:
    values: dict[str, str | Decimal | date | UUID | None] = {
        "person": invoice.user_id, "invoice": invoice.id, "kind": kind, "currency": invoice.currency, "amount": amount,
        "method": method, "reference": reference, "on": on,
    }  # fmt: skip
    try:
        row = conn.execute(_PAY, values).fetchone()
    except psycopg.errors.UniqueViolation as error:
        raise SkippableError(
            f"a payment with the reference {reference!r} is noted already",
            action="check which invoice it was for",
            rule="reference_taken",
            about={"reference": reference},
        ) from error
    assert row is not None  # noqa: S101 - the person is there: their invoice is locked
    at: datetime = row[0]
    return at
