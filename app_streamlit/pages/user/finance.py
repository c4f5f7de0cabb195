"""My money this month: balances, what came in and went out, budgets, movements; and files to upload."""

from datetime import date

import streamlit as st

from app_streamlit import finance_parts as parts
from app_streamlit import states
from app_streamlit.budget_form import show_budget_form
from app_streamlit.page import Page, show
from app_streamlit.refresh import show_refresh
from app_streamlit.uploads import show_uploads


def content(page: Page) -> None:
    """Lay out the person's money, or how to begin when there is none."""
    show_refresh(page)
    with page.data() as data:
        months: list[date] = data.fetch("finance/months")["month"].to_list()
        balances = data.fetch("finance/balances")
    if not months and balances.height == 0:
        states.empty(page.t, "no_money", ":material/account_balance_wallet:")
        show_uploads(page, "finance")
        return
    month = _choose_month(page, months)
    with page.data() as data:
        money = parts.read_money(data, page.today, month)
    overview, movements, budgets, files = st.tabs([page.t(f"finance.tab_{name}") for name in parts.TABS])
    with overview:
        parts.show_flow_cards(page, money)
        left, right = st.columns(2, gap="large")
        with left:
            parts.show_budgets(page, money)
        with right:
            parts.show_spending(page, money)
        parts.show_cash_flow(page, money)
        parts.show_balances(page, balances)
    with movements:
        parts.show_transactions(page, money)
    with budgets:
        show_budget_form(page)
    with files:
        show_uploads(page, "finance")


def _choose_month(page: Page, months: list[date]) -> date:
    this_month = page.today.replace(day=1)
    offered = sorted({this_month, *months}, reverse=True)
    return st.selectbox(
        page.t("finance.month"),
        offered,
        index=offered.index(this_month),
        format_func=page.f.month,
        key="month",
        width=260,
    )


show("finance", content)
