"""An invoice or a credit note on paper: a PDF in the person's language. It formats figures and computes none but one.

The one is the reference in US dollars, at the rate in force on the day of issue, which stands beside it with its day.
"""

import textwrap
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal

import psycopg

from cauce.billing.invoices import Invoice, Line, find_invoice, lines_of
from cauce.billing.pdf import LETTER, Page, write
from cauce.models.billing import InvoiceKind, InvoiceLineKind, InvoiceStatus

ISSUER = "cjhirashi-agents"

_LEFT, _RIGHT = 54, LETTER[0] - 54
_QUANTITY, _PRICE = 375, 470
_TOP, _BOTTOM = LETTER[1] - 60, 90
_LINE, _COLUMNS = 12, 54
_MONTHS = (
    ("enero", "January"), ("febrero", "February"), ("marzo", "March"), ("abril", "April"), ("mayo", "May"),
    ("junio", "June"), ("julio", "July"), ("agosto", "August"), ("septiembre", "September"), ("octubre", "October"),
    ("noviembre", "November"), ("diciembre", "December"),
)  # fmt: skip
_WORDS = {
    "invoice": ("Factura", "Invoice"), "credit_note": ("Nota de crédito", "Credit note"),
    "draft": ("Borrador", "Draft"), "void": ("ANULADA", "VOID"), "for": ("De la factura", "For invoice"),
    "issued": ("Fecha de emisión", "Issued on"), "due": ("Vence el", "Due on"), "period": ("Periodo", "Period"),
    "to": ("Cliente", "Bill to"), "description": ("Concepto", "Description"), "quantity": ("Cantidad", "Quantity"),
    "price": ("Precio", "Price"), "amount": ("Importe", "Amount"), "subtotal": ("Subtotal", "Subtotal"),
    "total": ("Total", "Total"), "credited": ("Notas de crédito", "Credit notes"), "payments": ("Pagos", "Payments"),
    "open": ("Por pagar", "To pay"), "page": ("Página", "Page"),
    "no_cfdi": (
        "Este documento no es un CFDI ni un comprobante fiscal.",
        "This document is not a CFDI, the tax receipt of Mexico.",
    ),
    "reference": (
        "Referencia: {amount} USD, a {rate} {currency} por dólar ({source}, {day}).",
        "For reference: {amount} USD, at {rate} {currency} a dollar ({source}, {day}).",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rate:
    """What a US dollar cost in the invoice's currency, the day it was published for, and by whom."""

    rate: Decimal
    day: date
    source: str


def invoice_pdf(conn: psycopg.Connection, number: str) -> bytes:
    """The invoice or credit note with this number, or the draft with this id, as PDF; the same bytes for the same row.

    On a person's connection only their own are found. Raises `FatalError` when there is none.
    """
    invoice = find_invoice(conn, number)
    day = invoice.issued_on or invoice.period_start
    found = conn.execute(
        "SELECT rate, rate_date, source FROM fx_rate('USD', %s, %s)", (invoice.currency, day)
    ).fetchone()
    rate = Rate(*found) if found is not None and invoice.currency != "USD" else None
    return render(invoice, lines_of(conn, invoice), rate)


def render(invoice: Invoice, lines: list[Line], rate: Rate | None) -> bytes:
    """The document of an invoice with these lines, and the reference in dollars where there is a rate."""
    paper = _Paper(invoice)
    paper.head()
    paper.table([line for line in lines if line.kind != InvoiceLineKind.TAX])
    paper.totals([line for line in lines if line.kind == InvoiceLineKind.TAX], rate)
    title = f"{ISSUER} {invoice.number or paper.say('draft')}"
    made_at = None if invoice.issued_at is None else invoice.issued_at.astimezone(UTC)
    return write(paper.finished(), title=title, made_at=made_at)


class _Paper:
    def __init__(self, invoice: Invoice) -> None:
        self._invoice = invoice
        self._pages = [Page()]
        self._y = _TOP

    def say(self, word: str) -> str:
        return _WORDS[word][self._invoice.language == "en"]

    def head(self) -> None:
        invoice, page = self._invoice, self._pages[-1]
        page.text(_LEFT, self._y, ISSUER, font="bold", size=16)
        kind = self.say(invoice.kind)
        self._down(28)
        page.text(_LEFT, self._y, f"{kind} {invoice.number or '· ' + self.say('draft')}", font="bold", size=12)
        if invoice.status == InvoiceStatus.VOID:
            page.text(360, self._y, self.say("void"), font="bold", size=12)
        self._down(18)
        facts = [("period", f"{self._day(invoice.period_start)} – {self._day(_last_day(invoice))}")]
        if invoice.credits:
            facts.insert(0, ("for", invoice.credits))
        if invoice.issued_on:
            facts.append(("issued", self._day(invoice.issued_on)))
        if invoice.due_on and invoice.kind == InvoiceKind.INVOICE:
            facts.append(("due", self._day(invoice.due_on)))
        facts.append(("to", f"{invoice.name} <{invoice.email}>"))
        for word, text in facts:
            page.text(_LEFT, self._y, f"{self.say(word)}:", font="bold")
            page.text(_LEFT + 100, self._y, text)
            self._down()
        self._down()

    def table(self, lines: list[Line]) -> None:
        self._table_head()
        for line in lines:
            words = textwrap.wrap(line.description, _COLUMNS) or [""]
            self._room(len(words) * _LINE)
            page = self._pages[-1]
            page.right(_QUANTITY, self._y, _plain(line.quantity))
            page.right(_PRICE, self._y, _plain(line.unit_price))
            page.right(_RIGHT, self._y, self._money(line.amount))
            for part in words:
                page.text(_LEFT, self._y, part)
                self._down()

    def totals(self, taxes: list[Line], rate: Rate | None) -> None:
        invoice = self._invoice
        rows = [(self.say("subtotal"), invoice.subtotal), *((tax.description, tax.amount) for tax in taxes)]
        rows.append((f"{self.say('total')} {invoice.currency}", invoice.total))
        if invoice.kind == InvoiceKind.INVOICE and invoice.status in (InvoiceStatus.FINAL, InvoiceStatus.PAID):
            if invoice.credited:
                rows.append((self.say("credited"), -invoice.credited))
            if invoice.paid:
                rows.append((self.say("payments"), -invoice.paid))
            rows.append((self.say("open"), invoice.due))
        self._room((len(rows) + 4) * _LINE)
        page = self._pages[-1]
        page.rule(_LEFT, self._y + 8, _RIGHT)
        for label, amount in rows:
            page.text(_PRICE - 130, self._y, label, font="bold")
            page.right(_RIGHT, self._y, self._money(amount))
            self._down()
        self._down()
        if rate is not None:
            dollars = f"{round(invoice.total / rate.rate, 2):,.2f}"
            words = {"amount": dollars, "rate": _plain(rate.rate), "currency": invoice.currency, "source": rate.source}
            page.text(_LEFT, self._y, self.say("reference").format(**words, day=self._day(rate.day)))

    def finished(self) -> list[Page]:
        for number, page in enumerate(self._pages, 1):
            page.rule(_LEFT, _BOTTOM - 30, _RIGHT)
            page.text(_LEFT, _BOTTOM - 42, self.say("no_cfdi"), size=8)
            page.text(_RIGHT - 70, _BOTTOM - 42, f"{self.say('page')} {number} / {len(self._pages)}", size=8)
        return self._pages

    def _table_head(self) -> None:
        page = self._pages[-1]
        page.text(_LEFT, self._y, self.say("description"), font="bold")
        for x, word in ((_QUANTITY, "quantity"), (_PRICE, "price"), (_RIGHT, "amount")):
            page.right(x, self._y, self.say(word))
        page.rule(_LEFT, self._y - 4, _RIGHT)
        self._down(18)

    def _room(self, height: int) -> None:
        """Go on on a new page where this one has not so much room left."""
        if self._y - height < _BOTTOM:
            self._pages.append(Page())
            self._y = _TOP
            self._table_head()

    def _down(self, by: int = _LINE) -> None:
        self._y -= by

    def _day(self, day: date) -> str:
        month = _MONTHS[day.month - 1]
        return (
            f"{day.day} {month[1]} {day.year}"
            if self._invoice.language == "en"
            else f"{day.day} de {month[0]} de {day.year}"
        )

    def _money(self, amount: Decimal) -> str:
        return f"{amount:,.{self._invoice.minor_units}f}"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():,f}"


def _last_day(invoice: Invoice) -> date:
    return date.fromordinal(invoice.period_end.toordinal() - 1)
