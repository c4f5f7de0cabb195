"""The parts of the money page: each shows figures of the marts as they are."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any, Final

import polars as pl
import streamlit as st

from app_streamlit.cards import Card, bar, bars, cards
from app_streamlit.charts import finance as charts
from app_streamlit.page import Data, Page
from app_streamlit.tables import Column, chart, table

TABS: Final = ("overview", "movements", "budgets", "files")
_LATEST: Final = 8
_MOST: Final = 5000
_MOODS: Final = {"ok": "good", "warning": "warn", "exceeded": "bad"}
_FLOW: Final = {
    "month": Column("column.month", "month"),
    "currency": Column("column.currency"),
    "income": Column("finance.income", "money"),
    "expense": Column("finance.expense", "money"),
    "net": Column("finance.net", "money"),
    "transactions": Column("finance.movements", "count"),
}
_SPENDING: Final = {
    "category": Column("column.category", texts="category"),
    "currency": Column("column.currency"),
    "spent": Column("finance.spent", "money"),
    "transactions": Column("finance.movements", "count"),
}
_BUDGETS: Final = {
    "name": Column("column.budget"),
    "category": Column("column.category", texts="category"),
    "period": Column("column.period", texts="budget_period"),
    "period_start": Column("column.from", "date"),
    "period_end": Column("column.to", "date"),
    "currency": Column("column.currency"),
    "budgeted": Column("finance.budgeted", "money"),
    "spent": Column("finance.spent", "money"),
    "remaining": Column("finance.remaining", "money"),
    "used_ratio": Column("finance.used", "percent"),
    "status": Column("column.status", texts="budget_status"),
}
_BALANCES: Final = {
    "name": Column("column.account"),
    "type": Column("column.type", texts="account_type"),
    "institution": Column("column.institution"),
    "account_mask": Column("column.mask"),
    "currency": Column("column.currency"),
    "balance": Column("column.balance", "money"),
    "balance_at": Column("column.balance_at", "instant"),
}
_TRANSACTIONS: Final = {
    "date": Column("column.day", "date"),
    "description": Column("column.description"),
    "category": Column("column.category", texts="category"),
    "type": Column("column.type", texts="transaction_type"),
    "account": Column("column.account"),
    "amount": Column("column.amount", "money"),
    "currency": Column("column.currency"),
}


@dataclass(frozen=True, slots=True)
class Money:
    """A person's money of one month, and the flow of every month."""

    month: date
    flow: pl.DataFrame
    every_flow: pl.DataFrame
    spending: pl.DataFrame
    budgets: pl.DataFrame
    transactions: pl.DataFrame


def read_money(data: Data, today: date, month: date) -> Money:
    """Read a month; its budgets are those of today, or of its last day when it has passed."""
    last = month.replace(day=monthrange(month.year, month.month)[1])
    return Money(
        month,
        data.fetch("finance/cash_flow", month=month),
        data.fetch("finance/cash_flow", month=None),
        data.fetch("finance/spending", month=month),
        data.fetch("finance/budgets", day=min(today, last) if month <= today else month),
        data.fetch("finance/transactions", month=month, limit=_MOST),
    )


def show_flow_cards(page: Page, money: Money) -> None:
    """Income, expense and net of the month, one row of cards per currency."""
    if money.flow.height == 0:
        st.info(page.t("finance.quiet_month", month=page.f.month(money.month)), icon=":material/info:")
        return
    for row in money.flow.iter_rows(named=True):
        currency: str = row["currency"]
        net = page.f.money(row["net"], currency, sign=True)
        cards(
            [
                Card(page.t("finance.income"), page.f.money(row["income"], currency)),
                Card(page.t("finance.expense"), page.f.money(row["expense"], currency), mood="out"),
                Card(page.t("finance.net"), net, mood="good" if row["net"] >= 0 else "warn"),
                Card(page.t("finance.movements"), page.f.number(row["transactions"])),
            ]
        )


def show_budgets(page: Page, money: Money) -> None:
    """How far each budget is used in its current period."""
    st.subheader(page.t("finance.budgets"), anchor=False)
    if money.budgets.height == 0:
        st.caption(page.t("finance.no_budgets"))
        return
    bars([_budget_bar(page, row) for row in money.budgets.iter_rows(named=True)])
    with st.expander(page.t("table.table")):
        table(page, money.budgets, _BUDGETS, "budgets")


def show_spending(page: Page, money: Money) -> None:
    """What was spent by category, the currency with the largest amount as a chart."""
    st.subheader(page.t("finance.by_category"), anchor=False)
    if money.spending.height == 0:
        st.caption(page.t("finance.nothing_spent"))
        return
    currency: str = money.spending["currency"][0]
    names = [page.t.either(f"category.{name}", name) for name in money.spending["category"]]
    shown = money.spending.with_columns(label=pl.Series(names, dtype=pl.Utf8)).filter(currency=currency)
    title = f"{page.t('finance.spent')} ({currency})"
    figure = charts.spending(shown.head(12), title, page.t.language)
    chart(page, figure, money.spending, _SPENDING, "spending", alt_text=page.t("finance.by_category"))


def show_cash_flow(page: Page, money: Money) -> None:
    """Income, expense and net over the months, a chart per currency."""
    names = (page.t("finance.income"), page.t("finance.expense"), page.t("finance.net"))
    for (currency,), flow in money.every_flow.group_by("currency", maintain_order=True):
        st.subheader(page.t("finance.over_months", currency=currency), anchor=False)
        figure = charts.cash_flow(flow.tail(13), names, page.f.short_month, page.t.language)
        chart(page, figure, flow, _FLOW, f"cash-flow-{currency}", alt_text=page.t("finance.flow_alt"))


def show_balances(page: Page, balances: pl.DataFrame) -> None:
    """What each account held when the bank last said so."""
    if balances.height == 0:
        return
    st.subheader(page.t("finance.balances"), anchor=False)
    cards([_account(page, row) for row in balances.iter_rows(named=True)])
    with st.expander(page.t("table.table")):
        table(page, balances, _BALANCES, "balances")


def show_transactions(page: Page, money: Money) -> None:
    """The latest movements of the month as a list, and all of them as a table."""
    st.subheader(page.t("finance.latest", month=page.f.month(money.month)), anchor=False)
    if money.transactions.height == 0:
        st.caption(page.t("finance.no_movements"))
        return
    latest = money.transactions.head(_LATEST).iter_rows(named=True)
    st.html(f'<ul class="cauce-entries">{"".join(_entry(page, row) for row in latest)}</ul>')
    with st.expander(page.t("finance.all_movements", n=page.f.number(money.transactions.height))):
        table(page, money.transactions, _TRANSACTIONS, "transactions")


def _budget_bar(page: Page, row: dict[str, Any]) -> str:
    f, t, currency = page.f, page.t, row["currency"]
    value = t("finance.of", spent=f.money(row["spent"], currency), budgeted=f.money(row["budgeted"], currency))
    left = "finance.left" if row["remaining"] >= 0 else "finance.over"
    note = " · ".join(
        [
            t(f"budget_status.{row['status']}"),
            t(left, amount=f.money(abs(row["remaining"]), currency)),
            t("finance.until", day=f.day(row["period_end"])),
        ]
    )
    ratio = None if row["used_ratio"] is None else float(row["used_ratio"])
    return bar(row["name"], value, note, ratio, _MOODS.get(row["status"], ""))


def _account(page: Page, row: dict[str, Any]) -> Card:
    mask = f" ···{row['account_mask']}" if row["account_mask"] and row["account_mask"] not in row["name"] else ""
    at = page.t("finance.balance_at", at=page.f.instant(row["balance_at"])) if row["balance_at"] else ""
    mood = "warn" if row["balance"] is not None and row["balance"] < 0 else ""
    return Card(row["name"] + mask, page.f.money(row["balance"], row["currency"]), at, mood)


def _entry(page: Page, row: dict[str, Any]) -> str:
    amount = page.f.money(row["amount"], row["currency"], sign=row["type"] == "income")
    details = [
        page.f.date(row["date"]),
        page.t.either(f"category.{row['category']}", row["category"]),
        row["account"] or "",
    ]
    kind = ' class="cauce-in"' if row["type"] == "income" else ""
    return (
        f"<li><span>{escape(row['description'])}</span><span{kind}>{escape(amount)}</span>"
        f"<small>{escape(' · '.join(part for part in details if part))}</small></li>"
    )
