"""Analysts: what the marts hold, and a place to query them, read-only."""

import polars as pl
import streamlit as st

from app_streamlit import sql_box, states
from app_streamlit.page import Page, show
from app_streamlit.tables import Column, download, table

_COLUMNS = {
    "column_name": Column("column.column"),
    "data_type": Column("column.type"),
    "column_text": Column("column.description"),
}


def content(page: Page) -> None:
    """The marts with their columns beside the query box."""
    with page.data() as data:
        marts = data.fetch("pipeline/marts")
    if marts.height == 0:
        states.unpublished(page.t)
        return
    query, browse = st.tabs([page.t("marts.query"), page.t("marts.list")])
    with browse:
        _browse(page, marts)
    with query:
        _query(page, marts)


def _browse(page: Page, marts: pl.DataFrame) -> None:
    for (name,), columns in marts.group_by("mart", maintain_order=True):
        with st.expander(f"**marts.{name}** · {page.t.count('marts.columns', columns.height)}"):
            if text := columns["mart_text"][0]:
                st.markdown(text)
            table(page, columns, _COLUMNS, f"columns-{name}", missing="")


def _query(page: Page, marts: pl.DataFrame) -> None:
    t, f = page.t, page.f
    names = marts["mart"].unique(maintain_order=True).to_list()
    first = "usage_daily" if "usage_daily" in names else names[0]
    st.caption(t("marts.rules", seconds=sql_box.SECONDS, rows=f.number(sql_box.MOST_ROWS)))
    with st.form("sql", border=False):
        sql = st.text_area(t("marts.sql"), f"SELECT *\nFROM marts.{first}\nLIMIT 100", height=180, key="sql-text")
        ran = st.form_submit_button(t("marts.run"), type="primary", icon=":material/play_arrow:")
    if ran:
        with st.spinner(t("marts.running")):
            st.session_state["sql-answer"] = sql_box.run(page, sql)
    answer = st.session_state.get("sql-answer")
    if isinstance(answer, sql_box.Refused):
        st.error(t(f"marts.error_{answer.kind}"), icon=":material/error:")
        st.code(answer.message, language=None, wrap_lines=True)
    elif isinstance(answer, sql_box.Answer):
        rows = t.count("marts.rows", answer.frame.height, n=f.number(answer.frame.height))
        st.markdown(f"{rows} · {t('marts.took', seconds=f.number(answer.seconds, 2))}")
        if answer.cut:
            st.warning(t("marts.cut", rows=f.number(sql_box.MOST_ROWS)), icon=":material/content_cut:")
        st.dataframe(answer.frame, hide_index=True)
        download(page, answer.frame, "query")


show("marts", content)
