"""A person's own invoices: what each asks, what is due, and the document."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from app_streamlit import states
from app_streamlit.invoice_file import show_pdf
from app_streamlit.page import Page, show
from app_streamlit.tables import Column, table
from cauce.billing.invoices import Invoice, list_invoices

_COLUMNS = {
    "number": Column("column.number", pinned=True),
    "kind": Column("column.type", texts="billing.invoice_kind"),
    "period_start": Column("column.month", "month"),
    "status": Column("column.status", texts="billing.invoice_status"),
    "total": Column("column.total", "money"),
    "due": Column("my_invoices.due", "money"),
    "currency": Column("column.currency"),
    "due_on": Column("column.due_on", "date"),
}


def content(page: Page) -> None:
    """Lay out the invoices, and the document of the one chosen."""
    with page.data() as data:
        invoices = list_invoices(data.conn)
    if not invoices:
        states.empty(page.t, "no_own_invoices", ":material/receipt_long:")
        return
    table(page, _frame(invoices), _COLUMNS, "my-invoices")
    numbers = [invoice.number or str(invoice.id) for invoice in invoices]
    number = st.selectbox(page.t("billing.invoice"), numbers, key="my-invoice", width=320)
    show_pdf(page, number)


def _frame(invoices: Sequence[Invoice]) -> pl.DataFrame:
    rows = [{name: getattr(invoice, name) for name in _COLUMNS} for invoice in invoices]
    amounts = dict.fromkeys(("total", "due"), pl.Decimal(38, 2))
    return pl.DataFrame(rows, schema_overrides={"kind": pl.Utf8(), "status": pl.Utf8(), "due_on": pl.Date(), **amounts})


show("my_invoices", content)
