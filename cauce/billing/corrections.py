"""What is done about an invoice that is wrong: void it, give it back by a credit note, or a credit on the next."""

from datetime import date
from decimal import Decimal
from typing import LiteralString

import psycopg

from cauce.billing.amounts import in_units
from cauce.billing.drafts import draft, take_turns
from cauce.billing.invoices import Invoice, find_invoice, lines_of, locked_invoice
from cauce.billing.months import month_after
from cauce.billing.payments import settle
from cauce.errors import FatalError, SkippableError
from cauce.models.billing import InvoiceKind, InvoiceLineKind, InvoiceStatus
from cauce.security.audit import record

_VOID = "UPDATE invoices SET status = 'void' WHERE user_id = %s AND id = %s"
_NOTE = """
INSERT INTO invoices (user_id, kind, credited_invoice_id, period_start, period_end, currency)
SELECT user_id, 'credit_note', id, period_start, period_end, currency FROM invoices WHERE user_id = %s AND id = %s
RETURNING id
"""
_NOTE_LINES = """
INSERT INTO invoice_lines (user_id, invoice_id, position, kind, description, quantity, unit_price)
SELECT %(person)s, %(note)s, l.* FROM (VALUES
  (1::smallint, 'credit', %(text)s, 1::numeric, -%(net)s::numeric),
  (2, 'tax', %(tax_text)s, -%(taxed)s::numeric, %(rate)s::numeric)
) AS l (position, kind, description, quantity, unit_price)
WHERE l.kind = 'credit' OR l.quantity <> 0
"""
_FINAL = "UPDATE invoices SET status = 'final' WHERE user_id = %s AND id = %s RETURNING number"
_TAX_GIVEN_BACK = """
SELECT coalesce(-sum(tax), 0) FROM invoices
WHERE user_id = %s AND credited_invoice_id = %s AND status IN ('final', 'paid')
"""
_DRAFT: LiteralString = """
INSERT INTO invoices (user_id, period_start, period_end, currency)
SELECT id, %(month)s, %(after)s, %(currency)s FROM users WHERE lower(email) = lower(%(email)s)
ON CONFLICT (user_id, period_start, currency) WHERE kind = 'invoice' AND status <> 'void'
DO UPDATE SET updated_at = now()
RETURNING user_id, id, status, coalesce(number, id::text),
  (SELECT minor_units FROM currencies WHERE code = %(currency)s)
"""
# With its counterpart: between two statements the draft must not be negative. Making the draft anew takes that away.
_CREDIT = """
INSERT INTO invoice_lines (user_id, invoice_id, position, kind, description, unit_price, applies_to)
SELECT %(person)s, %(invoice)s, coalesce(max(position), 0) + l.n, 'credit', l.text, l.price, l.month
FROM (VALUES (1, %(text)s, -%(amount)s::numeric, NULL), (2, '…', %(amount)s, %(month)s::date))
  AS l (n, text, price, month)
LEFT JOIN invoice_lines ON user_id = %(person)s AND invoice_id = %(invoice)s
GROUP BY l.n, l.text, l.price, l.month
"""


def void(conn: psycopg.Connection, number: str) -> Invoice:
    """Declare that an invoice was never owed. Its number stays taken; the month can be drafted again for its person.

    Raises `FatalError` when it was paid or given back, even in part: then a credit note is what helps.
    """
    take_turns(conn)
    invoice = locked_invoice(conn, number)
    if invoice.status == InvoiceStatus.VOID:
        raise SkippableError(f"{number} is void already", rule="void_already", about={"number": number})
    if invoice.kind != InvoiceKind.INVOICE or invoice.status == InvoiceStatus.DRAFT:
        what = "a credit note" if invoice.kind == InvoiceKind.CREDIT_NOTE else "a draft"
        raise FatalError(
            f"{number} is {what}, and only invoices are voided", action="`cauce billing discard` gives drafts up"
        )
    if invoice.status == InvoiceStatus.PAID or invoice.paid or invoice.credited:
        raise FatalError(
            f"of {number} something was paid or given back already",
            action=f"give back what is left by `cauce billing credit {number}`",
            rule="money_moved",
            about={"number": number},
        )
    conn.execute(_VOID, (invoice.user_id, invoice.id))
    return find_invoice(conn, number)


def credit(
    conn: psycopg.Connection, number: str, *, amount: Decimal | None = None, reason: str | None = None
) -> Invoice:
    """Issue a credit note for an invoice: for all that is left of it, or for `amount`, tax included. Gives the note.

    Tax is given back in the proportion in which it was asked. Raises `FatalError` when the invoice has not that much.
    """
    take_turns(conn)
    invoice = locked_invoice(conn, number)
    if invoice.kind != InvoiceKind.INVOICE or invoice.status not in (InvoiceStatus.FINAL, InvoiceStatus.PAID):
        raise FatalError(
            f"{number} cannot be credited",
            action="name an invoice that was issued and is not void",
            rule="not_creditable",
            about={"number": number},
        )
    left = invoice.total - invoice.credited
    given = in_units(left if amount is None else amount, invoice.currency, invoice.minor_units)
    if given > left or not given:
        raise FatalError(
            f"{given} {invoice.currency} cannot be given back of {number}: {left} are left of it",
            action="write a smaller amount",
            rule="too_much_credit",
            about={"number": number, "left": (left, invoice.currency)},
        )
    back = conn.execute(_TAX_GIVEN_BACK, (invoice.user_id, invoice.id)).fetchone()
    tax_left = invoice.tax - (back[0] if back else 0)
    tax = tax_left if given == left else min(round(given * invoice.tax / invoice.total, invoice.minor_units), tax_left)
    taxes = [line for line in lines_of(conn, invoice) if line.kind == InvoiceLineKind.TAX]
    note = conn.execute(_NOTE, (invoice.user_id, invoice.id)).fetchone()
    assert note is not None  # noqa: S101 - the invoice is locked
    words = f"Credit for invoice {number}" if invoice.language == "en" else f"Nota de crédito de la factura {number}"
    rate = taxes[0].unit_price if taxes else Decimal(1)
    conn.execute(
        _NOTE_LINES,
        {
            "person": invoice.user_id, "note": note[0], "net": given - tax, "taxed": tax / rate, "rate": rate,
            "text": words + (f": {reason}" if reason else ""), "tax_text": taxes[0].description if taxes else "",
        },
    )  # fmt: skip
    issued = conn.execute(_FINAL, (invoice.user_id, note[0])).fetchone()
    assert issued is not None  # noqa: S101 - it was made above
    settle(conn, number)
    return find_invoice(conn, issued[0])


def grant(
    conn: psycopg.Connection, month: date, email: str, amount: Decimal, reason: str, *, currency: str = "MXN"
) -> Invoice:
    """Enter a credit, before tax, in somebody's draft of a month, which is made where there is none. Gives the draft.

    What the invoice cannot hold is carried to the next. Raises `FatalError` when nobody has the address, or the month's
    invoice was issued already.
    """
    values = {"email": email, "month": month, "after": month_after(month), "currency": currency}
    take_turns(conn)
    row = conn.execute(_DRAFT, values).fetchone()
    if row is None:
        raise FatalError(f"nobody has the address {email}", action="check it", rule="nobody", about={"email": email})
    person, invoice, status, number, minor_units = row
    if status != InvoiceStatus.DRAFT:
        raise FatalError(
            f"{number} of {month:%Y-%m} is {status}",
            action="enter the credit in a later month, or credit the invoice",
            rule="invoiced_already",
            about={"number": number, "month": month},
        )
    given = in_units(amount, currency, minor_units)
    conn.execute(_CREDIT, {"person": person, "invoice": invoice, "text": reason, "amount": given, "month": month})
    record(conn, "GRANT_CREDIT", target_type="invoices", target_id=invoice, details={"amount": f"{given} {currency}"})
    draft(conn, month)
    return find_invoice(conn, number)
