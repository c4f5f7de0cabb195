"""Adding, changing and ending a person's budgets."""

from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import streamlit as st

from app_streamlit import budgets, refresh
from app_streamlit.page import Page

PERIODS: Final = ("monthly", "quincena", "weekly", "quarterly", "yearly")
_CURRENCIES: Final = ("MXN", "USD", "EUR")
_NEW: Final = ""


def show_budget_form(page: Page) -> None:
    """A form for a new budget or one of the person's own, and a button that ends it."""
    t = page.t
    today = page.today
    with page.data() as data:
        own = data.fetch("finance/own_budgets", today=today)
        categories = [name for name in data.fetch("finance/categories")["category"] if name]
    rows = {row["id"]: row for row in own.iter_rows(named=True)}
    if message := st.session_state.pop("budget-message", None):
        st.success(message, icon=":material/check_circle:")
    chosen = st.selectbox(
        t("budget.which"),
        [_NEW, *rows],
        format_func=lambda key: t("budget.new") if key == _NEW else _describe(page, rows[key]),
        key="budget-which",
    )
    old = rows.get(chosen)
    _form(page, old, categories, today)
    if old is not None and st.button(t("budget.end"), icon=":material/event_busy:", key="budget-end"):
        with page.data() as data:
            budgets.end(data.conn, UUID(old["id"]), today)
        _done(page, "budget.ended", old["name"])


def _form(page: Page, old: dict[str, Any] | None, categories: list[str], today: date) -> None:
    t = page.t
    key = old["id"] if old else "new"
    with st.form(f"budget-{key}"):
        left, right = st.columns(2)
        if old is None:
            category = left.selectbox(
                t("budget.category"),
                categories,
                index=None,
                accept_new_options=True,
                placeholder=t("budget.category_hint"),
                format_func=lambda name: t.either(f"category.{name}", name),
                key=f"category-{key}",
            )
        else:
            category = old["category"]
            left.text_input(t("budget.category"), t.either(f"category.{category}", category), disabled=True)
        amount = right.number_input(
            t("budget.amount"),
            min_value=0.0,
            step=100.0,
            value=float(old["amount"]) if old else None,
            key=f"amount-{key}",
        )
        currencies = list(dict.fromkeys([old["currency"] if old else page.person.currency, *_CURRENCIES]))
        currency = left.selectbox(t("column.currency"), currencies, key=f"currency-{key}")
        period = right.selectbox(
            t("column.period"),
            PERIODS if old is None else (old["period"],),
            format_func=lambda name: t(f"budget_period.{name}"),
            key=f"period-{key}",
        )
        threshold = st.slider(
            t("budget.alert"), 50, 100, old["alert_threshold"] if old else 80, 5, format="%d%%", key=f"alert-{key}"
        )
        if not st.form_submit_button(t("budget.save"), type="primary", icon=":material/save:"):
            return
    if not category or amount is None:
        st.warning(t("budget.incomplete"), icon=":material/info:")
        return
    name = str(category).strip()[:100]
    start = old["start_date"] if old else today.replace(day=1)
    # Two decimals are what the form takes; the text of the number is exact, its binary form is not.
    exact = Decimal(f"{amount:.2f}")
    title = old["name"] if old else t.either(f"category.{name}", name)
    budget = budgets.Budget(title, name, exact, currency, period, start, threshold)
    with page.data() as data:
        budgets.save(data.conn, budget)
    _done(page, "budget.saved", title)


def _done(page: Page, key: str, name: str) -> None:
    st.session_state["budget-message"] = page.t(key, name=name)
    refresh.start()
    st.rerun()


def _describe(page: Page, row: dict[str, Any]) -> str:
    amount, period = page.f.money(row["amount"], row["currency"]), page.t(f"budget_period.{row['period']}")
    return f"{row['name']} · {amount} · {period}"
