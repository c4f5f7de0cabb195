"""Invoices as they are read: many in a list, one with its lines and payments."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from cauce.errors import FatalError
from cauce.models.billing import InvoiceKind, InvoiceStatus


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice or a credit note. Amounts are in `currency`; a credit note's are negative.

    `credited` is what its credit notes gave back, `paid` what came in less what went back, both positive; `due` is what
    is still to be paid, 0 for what is not asked for any more. `credits` is the number of the invoice a note is for.
    """

    user_id: UUID
    id: UUID
    kind: InvoiceKind
    status: InvoiceStatus
    number: str | None
    credits: str | None
    email: str
    name: str
    language: str
    period_start: date
    period_end: date
    currency: str
    minor_units: int
    subtotal: Decimal
    tax: Decimal
    total: Decimal
    credited: Decimal
    paid: Decimal
    due: Decimal
    due_on: date | None
    issued_at: datetime | None
    issued_on: date | None
    paid_at: datetime | None
    voided_at: datetime | None

    @property
    def overpaid(self) -> Decimal:
        """What came in beyond what is asked after credit notes."""
        return max(self.paid - (self.total - self.credited), Decimal(0))


@dataclass(frozen=True, slots=True)
class Line:
    """A line: `amount` is quantity × unit price, rounded to the smallest unit of the invoice's currency."""

    position: int
    kind: str
    metric: str | None
    description: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    applies_to: date | None


_INVOICES = """
SELECT i.user_id, i.id, i.kind, i.status, i.number, o.number AS credits, u.email,
  coalesce(u.display_name, u.name, split_part(u.email, '@', 1)) AS name, u.language,
  i.period_start, i.period_end, i.currency,
  c.minor_units, i.subtotal, i.tax, i.total,
  b.credited, b.received AS paid, b.due,
  i.due_on, i.issued_at, (i.issued_at AT TIME ZONE u.timezone)::date AS issued_on, i.paid_at, i.voided_at
FROM invoices i
JOIN invoice_balances b ON b.user_id = i.user_id AND b.invoice_id = i.id
JOIN users u ON u.id = i.user_id
JOIN currencies c ON c.code = i.currency
LEFT JOIN invoices o ON o.user_id = i.user_id AND o.id = i.credited_invoice_id
"""
_LIST = (
    _INVOICES
    + """
WHERE (%(month)s::date IS NULL OR i.period_start = %(month)s) AND (%(status)s::text IS NULL OR i.status = %(status)s)
  AND (%(email)s::text IS NULL OR lower(u.email) = lower(%(email)s))
ORDER BY i.period_start DESC, i.issued_at DESC NULLS FIRST, i.number DESC, u.email, i.currency LIMIT %(limit)s
"""
)
_LINES = """
SELECT position, kind, metric, description, quantity, unit_price, amount, applies_to FROM invoice_lines
WHERE user_id = %s AND invoice_id = %s ORDER BY position
"""


def list_invoices(
    conn: psycopg.Connection,
    *,
    month: date | None = None,
    status: InvoiceStatus | None = None,
    email: str | None = None,
    limit: int = 1000,
) -> list[Invoice]:
    """Invoices and credit notes, the newest first, drafts among them."""
    values = {"month": month, "status": status, "email": email, "limit": limit}
    with conn.cursor(row_factory=class_row(Invoice)) as rows:
        return rows.execute(_LIST, values).fetchall()


def find_invoice(conn: psycopg.Connection, number: str) -> Invoice:
    """The invoice or credit note with this number, or the draft with this id; raises `FatalError` when there is none.

    On a person's connection only their own are found.
    """
    with conn.cursor(row_factory=class_row(Invoice)) as rows:
        found = rows.execute(_INVOICES + "WHERE coalesce(i.number, i.id::text) = %s", (number.strip(),)).fetchone()
    if found is None:
        raise FatalError(f"there is no invoice {number}", action="`cauce billing list` shows those there are")
    return found


def locked_invoice(conn: psycopg.Connection, number: str) -> Invoice:
    """The invoice, as it is until the transaction ends: nobody else pays, voids or credits it. Raises as above."""
    first = find_invoice(conn, number)
    conn.execute("SELECT FROM invoices WHERE user_id = %s AND id = %s FOR UPDATE", (first.user_id, first.id))
    return find_invoice(conn, number)


def lines_of(conn: psycopg.Connection, invoice: Invoice) -> list[Line]:
    """The lines of an invoice, in their order."""
    with conn.cursor(row_factory=class_row(Line)) as rows:
        return rows.execute(_LINES, (invoice.user_id, invoice.id)).fetchall()
