"""Why the core did nothing, in the person's language: each rule that it names has a text, filled with its values."""

from datetime import date, datetime
from decimal import Decimal

import streamlit as st

from app_streamlit.page import Page
from cauce.errors import CauceError


def show_refusal(page: Page, error: CauceError) -> None:
    """Say that nothing was done, why, and what helps; a rule without a text in the core's own words."""
    values = {name: _written(page, value) for name, value in error.about.items()}
    key = f"refused.{error.rule}"
    known = page.t.either(key, "") != ""
    st.error(
        page.t("refused.nothing_done", why=page.t(key, **values) if known else str(error)), icon=":material/error:"
    )


def _written(page: Page, value: object) -> str:
    """A day stands for its month, an amount comes with its currency."""
    match value:
        case datetime():
            return page.f.instant(value)
        case date():
            return page.f.month(value)
        case (Decimal() as amount, str(currency)):
            return page.f.money(amount, currency)
        case _:
            return str(value)
