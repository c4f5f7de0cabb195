"""From a month that is over to its invoices: closing it, drafts, numbers. What cannot be undone is shown before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

import polars as pl
import psycopg
import streamlit as st

from app_streamlit import refresh
from app_streamlit.credit_form import show_give, show_given
from app_streamlit.focus_file import show_focus
from app_streamlit.page import Page
from app_streamlit.refusals import show_refusal
from app_streamlit.tables import Column, table
from cauce.billing.closing import close_months, over_at
from cauce.billing.drafts import draft
from cauce.billing.issuing import discard, finalize
from cauce.errors import CauceError

_PENDING: Final = "month-pending"
_MESSAGE: Final = "month-message"
_COLUMNS: Final = {
    "month": Column("column.month", "month", pinned=True),
    "state": Column("column.status", texts="month.state"),
    "events": Column("column.events", "count"),
    "cost": Column("column.cost", "cost"),
    "adjusted": Column("month.adjusted", "cost", dash=True),
    "drafts": Column("month.drafts", "count"),
    "issued": Column("month.issued", "count"),
    "paid": Column("month.paid", "count"),
    "overdue": Column("month.overdue", "count"),
}
_ADJUSTMENTS: Final = {
    "email": Column("column.email", pinned=True),
    "applies_to": Column("column.applies_to", "month"),
    "model": Column("column.model"),
    "total_tokens": Column("column.tokens", "count"),
    "total_cost": Column("column.cost", "cost", dash=True),
    "month": Column("month.billed_with", "month"),
    "agent": Column("column.agent"),
    "events": Column("column.events", "count"),
    "unknown_cost_events": Column("column.unknown_cost_events", "count"),
}
Act = Literal["close", "issue", "discard"]


@dataclass(frozen=True, slots=True)
class _Pending:
    """What an admin is about to do to a month, and what will come of it, as it was tried and taken back."""

    act: Act
    month: date
    outcome: str


def show_months(page: Page) -> None:
    """The months with where each stands, and for the one chosen its steps."""
    t = page.t
    if message := st.session_state.pop(_MESSAGE, None):
        st.success(message, icon=":material/check_circle:")
    show_given()
    with page.data() as data:
        months = data.fetch("billing/months", today=page.today)
    months = months.with_columns(state=pl.Series([_state(row) for row in months.iter_rows(named=True)], dtype=pl.Utf8))
    rows = {row["month"]: row for row in months.iter_rows(named=True)}
    chosen = st.selectbox(
        t("billing.month"),
        rows,
        index=list(rows).index(_next_to_do(rows)),
        format_func=page.f.month,
        key="month-chosen",
        width=320,
    )
    pending = st.session_state.get(_PENDING)
    if isinstance(pending, _Pending) and pending.month == chosen:
        _confirm(page, pending)
    else:
        _steps(page, rows[chosen])
        with st.expander(t("credit.title"), icon=":material/redeem:", key="credit-open"):
            show_give(page, chosen)
        with st.expander(t("focus.title"), icon=":material/table_view:", key="focus-open"):
            show_focus(page, chosen)
    st.subheader(t("month.all"), anchor=False)
    table(page, months, _COLUMNS, "billing-months")
    st.caption(t("month.hint"))
    _adjustments(page)


def _adjustments(page: Page) -> None:
    """What changed of closed months: whose, of which month, and the month that bills it."""
    with page.data() as data:
        adjusted = data.fetch("billing/adjustments")
    st.subheader(page.t("month.adjustments"), anchor=False)
    if adjusted.is_empty():
        st.caption(page.t("month.no_adjustments"))
    else:
        table(page, adjusted, _ADJUSTMENTS, "adjustments")


def _state(row: Mapping[str, Any]) -> str:
    if row["closed_at"] is None:
        return "over" if datetime.now(UTC) >= over_at(row["month"]) else "under_way"
    if row["drafts"] or not row["issued"]:
        return "closed"
    return "issued"


def _next_to_do(rows: Mapping[date, Mapping[str, Any]]) -> date:
    """The oldest month that waits for its invoices, else for its end."""
    for state in ("closed", "over"):
        if waiting := [month for month, row in rows.items() if row["state"] == state]:
            return min(waiting)
    return max(rows)


def _steps(page: Page, row: Mapping[str, Any]) -> None:
    t, month, state = page.t, row["month"], row["state"]
    closing, drafts, issuing = st.columns(3)
    with closing.container(border=True, height="stretch"):
        st.markdown(f"**{t('month.close')}**")
        if row["closed_at"] is not None:
            st.markdown(t("month.closed_on", at=page.f.instant(row["closed_at"])))
        elif state == "under_way":
            st.markdown(t("month.not_over", at=page.f.instant(over_at(month))))
        else:
            st.markdown(t("month.close_text"))
            if st.button(t("month.review_close"), type="primary", icon=":material/lock:", key="month-close"):
                _try(page, "close", month)
    with drafts.container(border=True, height="stretch"):
        st.markdown(f"**{t('month.draft')}**")
        st.markdown(t("month.draft_text") if not row["drafts"] else t.count("month.has_drafts", row["drafts"]))
        with st.container(horizontal=True):
            if st.button(t("month.make_drafts"), icon=":material/edit_document:", key="month-draft"):
                _draft(page, month)
            if row["drafts"] and st.button(t("month.discard"), icon=":material/delete:", key="month-discard"):
                outcome = t.count("month.discards", row["drafts"], n=page.f.number(row["drafts"]))
                st.session_state[_PENDING] = _Pending("discard", month, outcome)
                st.rerun()
    with issuing.container(border=True, height="stretch"):
        st.markdown(f"**{t('month.issue')}**")
        if row["issued"]:
            st.markdown(t.count("month.has_issued", row["issued"], n=page.f.number(row["issued"])))
        if row["closed_at"] is None:
            st.markdown(t("month.close_first"))
        elif state == "closed":
            st.markdown(t("month.issue_text"))
            if st.button(t("month.review_issue"), type="primary", icon=":material/send:", key="month-issue"):
                _try(page, "issue", month)


def _draft(page: Page, month: date) -> None:
    try:
        with st.spinner(page.t("month.working")), page.data() as data:
            made = draft(data.conn, month)
    except CauceError as error:
        show_refusal(page, error)
        return
    n = page.f.number
    counts = {"made": n(made.made), "remade": n(made.remade), "same": n(made.same), "removed": n(made.removed)}
    st.session_state[_MESSAGE] = page.t("month.drafted", month=page.f.month(month), **counts)
    st.rerun()


def _try(page: Page, act: Act, month: date) -> None:
    """Do it and take it back, so that what is confirmed is what will come of it."""
    try:
        with st.spinner(page.t("month.working")), page.data() as data:
            outcome = _OUTCOMES[act](page, data.conn, month)
            data.conn.rollback()
    except CauceError as error:
        show_refusal(page, error)
        return
    st.session_state[_PENDING] = _Pending(act, month, outcome)
    st.rerun()


def _close(page: Page, conn: psycopg.Connection, month: date) -> str:
    f = page.f
    lines = [
        page.t("month.closes", month=f.month(one.month), events=f.number(one.events), cost=f.cost(one.cost))
        + (" " + page.t("month.adjusts", cost=f.cost(one.adjusted)) if one.adjusted else "")
        for one in close_months(conn, month)
    ]
    return "\n".join(f"- {line}" for line in lines)


def _issue(page: Page, conn: psycopg.Connection, month: date) -> str:
    issued = finalize(conn, month)
    totals = " · ".join(page.f.money(total, currency) for currency, total in issued.totals.items())
    text = page.t.count("month.issues", issued.count, n=page.f.number(issued.count))
    numbers = page.t("month.numbers", first=issued.first, last=issued.last) if issued.count else ""
    return " ".join(part for part in (text, numbers, totals and page.t("month.in_all", totals=totals)) if part)


def _discard(page: Page, conn: psycopg.Connection, month: date) -> str:
    gone = discard(conn, month)
    return page.t.count("month.discards", gone, n=page.f.number(gone))


_OUTCOMES: Final = {"close": _close, "issue": _issue, "discard": _discard}


def _confirm(page: Page, pending: _Pending) -> None:
    t = page.t
    with st.container(border=True):
        st.markdown(f"**{t(f'month.confirm.{pending.act}', month=page.f.month(pending.month))}**")
        st.markdown(pending.outcome)
        st.caption(t(f"month.warning.{pending.act}"))
        with st.container(horizontal=True):
            sure = st.button(t(f"month.do.{pending.act}"), type="primary", icon=":material/check:", key="month-confirm")
            if st.button(t("month.cancel"), key="month-cancel"):
                del st.session_state[_PENDING]
                st.rerun()
    if not sure:
        return
    del st.session_state[_PENDING]
    try:
        with st.spinner(t("month.working")), page.data() as data:
            outcome = _OUTCOMES[pending.act](page, data.conn, pending.month)
    except CauceError as error:
        # Somebody else was faster.
        show_refusal(page, error)
        return
    st.session_state[_MESSAGE] = t(f"month.done.{pending.act}", month=page.f.month(pending.month)) + "\n\n" + outcome
    refresh.start()
    st.rerun()
