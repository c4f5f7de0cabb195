"""A credit that an admin gives somebody: a line of their draft of a month, before tax."""

from datetime import date
from decimal import Decimal
from typing import Final

import streamlit as st

from app_streamlit.page import Page
from app_streamlit.refusals import show_refusal
from cauce.billing.corrections import grant
from cauce.errors import CauceError

_MESSAGE: Final = "credit-message"
_HIGHEST: Final = 1_000_000.0
_LONGEST_REASON: Final = 300


def show_given() -> None:
    """Say which credit was given last."""
    if message := st.session_state.pop(_MESSAGE, None):
        st.success(message, icon=":material/check_circle:")


def show_give(page: Page, month: date) -> None:
    """To whom, how much and why; what the invoice cannot hold is carried to the next."""
    t = page.t
    with page.data() as data:
        people = {row["email"]: row for row in data.fetch("billing/people").iter_rows(named=True)}
    email = st.selectbox(
        t("credit.who"), list(people), index=None, placeholder=t("credit.choose"), key="credit-who", width=420
    )
    if email is None:
        return
    currency, minor_units = people[email]["currency"], people[email]["minor_units"]
    with st.form("credit-give"):
        left, right = st.columns([1, 2])
        unit = 10.0**-minor_units
        amount = left.number_input(
            t("invoice.amount", currency=currency),
            min_value=unit,
            max_value=_HIGHEST,
            value=None,
            step=unit,
            format=f"%.{minor_units}f",
            key=f"credit-give-amount-{currency}",
        )
        reason = right.text_input(t("invoice.reason"), key="credit-give-reason", max_chars=_LONGEST_REASON)
        st.caption(t("credit.text", month=page.f.month(month)))
        if not st.form_submit_button(t("credit.give"), type="primary", icon=":material/check:"):
            return
    if amount is None or not reason.strip():
        st.error(t("credit.incomplete"), icon=":material/error:")
        return
    given = round(Decimal(str(amount)), minor_units)
    try:
        with st.spinner(t("month.working")), page.data() as data:
            grant(data.conn, month, email, given, reason.strip(), currency=currency)
    except CauceError as error:
        show_refusal(page, error)
        return
    st.session_state[_MESSAGE] = t(
        "credit.given", email=email, amount=page.f.money(given, currency), month=page.f.month(month)
    )
    st.rerun()
