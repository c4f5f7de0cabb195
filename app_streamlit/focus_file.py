"""A month's cost in the columns of FOCUS 1.2, to download: read when it is asked for, and told to the audit log."""

from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Final

import streamlit as st

from app_streamlit.page import Page
from app_streamlit.refusals import show_refusal
from cauce.billing.focus import Exported, tell, write_focus
from cauce.errors import CauceError

_READY: Final = "focus-ready"


@dataclass(frozen=True, slots=True)
class _Ready:
    """A file that was asked for, and until when its figures reach."""

    month: date
    as_of: datetime | None
    content: bytes
    exported: Exported


def show_focus(page: Page, month: date) -> None:
    """A button that reads the file of a month, and then one that downloads it."""
    t = page.t
    ready = st.session_state.get(_READY)
    if isinstance(ready, _Ready) and (ready.month, ready.as_of) == (month, page.fresh.as_of):
        said = t("focus.ready", charges=page.f.number(ready.exported.charges), cost=page.f.cost(ready.exported.cost))
        if ready.exported.unknown:
            said += " " + t.count("focus.without", ready.exported.unknown, n=page.f.number(ready.exported.unknown))
        st.caption(said)
        st.download_button(
            t("focus.download"),
            ready.content,
            file_name=f"focus-{month:%Y-%m}.csv",
            mime="text/csv",
            key="focus-file",
            on_click="ignore",
            icon=":material/download:",
        )
        return
    st.caption(t("focus.text", month=page.f.month(month)))
    if not st.button(t("focus.make"), key="focus-make", icon=":material/table_view:"):
        return
    file = BytesIO()
    try:
        with st.spinner(t("month.working")), page.data() as data:
            exported = write_focus(data.conn, month, file)
            tell(data.conn, month, exported)
    except CauceError as error:
        show_refusal(page, error)
        return
    st.session_state[_READY] = _Ready(month, page.fresh.as_of, file.getvalue(), exported)
    st.rerun()
