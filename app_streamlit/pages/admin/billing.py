"""Admins: recurring revenue and what moved it, the invoices of a month, and how a month is closed and billed."""

from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from app_streamlit import states
from app_streamlit.cards import Card, cards
from app_streamlit.charts import billing as charts
from app_streamlit.invoice_acts import show_acted, show_acts
from app_streamlit.invoice_file import show_pdf
from app_streamlit.month_close import show_months
from app_streamlit.page import Page, show
from app_streamlit.tables import Column, chart, table
from app_streamlit.usage_report import change, people_gone
from cauce.billing.invoices import find_invoice

_MOVED = ("new_mrr", "expansion_mrr", "reactivation_mrr", "contraction_mrr", "churned_mrr")
_MONTHS = {
    "month": Column("column.month", "month"),
    "mrr": Column("column.mrr", "money"),
    **{column: Column(f"billing.kind.{column}", "money") for column in _MOVED},
    "paying_people": Column("column.people", "count"),
    "arpu": Column("column.arpu", "money", dash=True),
    "mrr_churn_rate": Column("column.churn", "rate", dash=True),
}
_MOVEMENTS = {
    "email": Column("column.email"),
    "kind": Column("column.type", texts="billing.movement"),
    "mrr_before": Column("column.before", "money"),
    "mrr_after": Column("column.after", "money"),
    "amount": Column("column.moved", "money"),
}
_INVOICES = {
    "number": Column("column.number", pinned=True),
    "status": Column("column.status", texts="billing.invoice_status"),
    "email": Column("column.email"),
    "total": Column("column.total", "money"),
    "due": Column("billing.to_pay", "money"),
    "due_on": Column("column.due_on", "date"),
    "currency": Column("column.currency"),
    "kind": Column("column.type", texts="billing.invoice_kind"),
    "subtotal": Column("column.subtotal", "money"),
    "tax": Column("column.tax", "money"),
}
_LINES = {
    "kind": Column("column.type", texts="billing.line"),
    "description": Column("column.description"),
    "quantity": Column("column.quantity", "price"),
    "unit_price": Column("column.price", "price"),
    "amount": Column("column.amount", "money"),
    "applies_to": Column("column.applies_to", "month"),
}
_STATUSES = ("draft", "final", "paid", "void")


def content(page: Page) -> None:
    """Lay out revenue, invoices and months, each in a tab."""
    names = [page.t(f"billing.tab_{name}") for name in ("revenue", "invoices", "months")]
    revenue, invoices, months = st.tabs(names, key="billing-tab")
    with revenue:
        _revenue(page)
    with invoices:
        _invoices(page)
    with months:
        show_months(page)


def _revenue(page: Page) -> None:
    with page.data() as data:
        every = data.fetch("billing/revenue")
        cost = data.fetch("billing/cost")
    if every.is_empty():
        states.empty(page.t, "no_revenue", ":material/payments:")
        return
    months = every.filter(pl.col("currency") == _currency(page, every))
    last = months.row(-1, named=True)
    _cards(page, last, cost)
    left, right = st.columns(2, gap="large")
    with left:
        title = page.t("billing.by_month", currency=last["currency"])
        st.subheader(title, anchor=False)
        line = charts.revenue(months, page.t("column.mrr"), page.f.short_month, page.t.language)
        chart(page, line, months.reverse(), _MONTHS, "mrr", alt_text=title)
    with right:
        title = page.t("billing.moved_by_month", currency=last["currency"])
        st.subheader(title, anchor=False)
        names = {column: page.t(f"billing.kind.{column}") for column in _MOVED}
        bars = charts.movements(months, names, page.t("column.moved"), page.f.short_month, page.t.language)
        chart(page, bars, months.reverse(), _MONTHS, "mrr-moved", alt_text=title)
    _who_moved(page, months)


def _currency(page: Page, revenue: pl.DataFrame) -> str:
    """The currency chosen; offered only where there are several, the one with most revenue first."""
    latest = revenue.group_by("currency").agg(pl.col("mrr").last()).sort("mrr", descending=True)
    currencies: list[str] = latest["currency"].to_list()
    if len(currencies) == 1:
        return currencies[0]
    return (
        st.segmented_control(
            page.t("billing.currency"), currencies, default=currencies[0], required=True, key="currency"
        )
        or currencies[0]
    )


def _cards(page: Page, last: dict[str, Any], cost: pl.DataFrame) -> None:
    f, currency = page.f, str(last["currency"])
    moved = change(page, last["mrr"], last["mrr_before"], "month")
    shown = [
        Card(page.t("billing.mrr"), f.money(last["mrr"], currency), moved),
        Card(
            page.t("billing.arpu"),
            f.money(last["arpu"], currency),
            page.t("billing.arr", amount=f.money(last["arr"], currency)),
        ),
        Card(page.t("billing.paying"), f.number(last["paying_people"]), people_gone(page, last)),
    ]
    if not cost.is_empty():
        latest = cost.row(-1, named=True)
        under_way = latest["month"] == page.today.replace(day=1)
        state = "closed" if latest["is_closed"] else "under_way" if under_way else "over"
        note = page.t(f"billing.cost_of.{state}", month=f.month(latest["month"]))
        shown.append(Card(page.t("billing.cost"), f.cost(latest["total_cost"]), note))
    cards(shown)


def _who_moved(page: Page, months: pl.DataFrame) -> None:
    st.subheader(page.t("billing.who_moved"), anchor=False)
    offered = months["month"].to_list()[::-1]
    moving = months.filter(pl.sum_horizontal(_MOVED) > 0)["month"].to_list()
    month = st.selectbox(
        page.t("billing.month"),
        offered,
        index=offered.index(moving[-1]) if moving else 0,
        format_func=page.f.month,
        key="moved-month",
        width=260,
    )
    with page.data() as data:
        moved = data.fetch("billing/movements", month=month, currency=months["currency"][0])
    if moved.is_empty():
        st.caption(page.t("billing.nobody_moved", month=page.f.month(month)))
        return
    table(page, moved, _MOVEMENTS, f"mrr-{month:%Y-%m}")


def _invoices(page: Page) -> None:
    with page.data() as data:
        months = data.fetch("billing/invoice_months")["month"].to_list()
    if not months:
        states.empty(page.t, "no_invoices", ":material/receipt_long:")
        return
    which, what = st.columns(2)
    month = which.selectbox(page.t("billing.month"), months, format_func=page.f.month, key="invoice-month")
    chosen = what.multiselect(
        page.t("billing.status"),
        _STATUSES,
        format_func=lambda status: page.t(f"billing.invoice_status.{status}"),
        placeholder=page.t("billing.any_status"),
        key="invoice-status",
    )
    with page.data() as data:
        invoices = data.fetch("billing/invoices", month=month, statuses=chosen or None)
    show_acted()
    _sums(page, invoices)
    table(page, invoices, _INVOICES, f"invoices-{month:%Y-%m}")
    if not invoices.is_empty():
        _lines(page, invoices)


def _sums(page: Page, invoices: pl.DataFrame) -> None:
    """What is still a draft, due and received, by currency."""
    for (currency,), rows in invoices.group_by("currency", maintain_order=True):
        shown = []
        for label, of, amount in (
            ("drafts", rows.filter(pl.col("status") == "draft"), "total"),
            ("to_pay", rows.filter(pl.col("due") > 0), "due"),
            ("paid", rows.filter(pl.col("received") > 0), "received"),
        ):
            total = page.f.money(of[amount].sum() or Decimal(0), str(currency))
            shown.append(Card(page.t(f"billing.{label}"), total, page.t.count("billing.invoices", of.height)))
        cards(shown)


def _lines(page: Page, invoices: pl.DataFrame) -> None:
    rows = {row["id"]: row for row in invoices.iter_rows(named=True)}
    invoice = st.selectbox(
        page.t("billing.invoice"),
        rows,
        index=None,
        format_func=lambda key: rows[key]["number"] or page.t("billing.draft_of", email=rows[key]["email"]),
        placeholder=page.t("billing.choose_invoice"),
        key="invoice",
    )
    if invoice is None:
        return
    with page.data() as data:
        lines = data.fetch("billing/invoice_lines", user_id=rows[invoice]["user_id"], invoice_id=invoice)
        named = rows[invoice]["number"] or invoice
        found = find_invoice(data.conn, named)
    name = rows[invoice]["number"] or "draft"
    st.subheader(page.t("billing.lines"), anchor=False)
    table(page, lines, _LINES, f"invoice-{name}")
    show_pdf(page, named)
    show_acts(page, found)


show("billing", content)
