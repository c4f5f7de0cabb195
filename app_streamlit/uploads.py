"""Uploading files: what became of every record, and the rows that need the person's attention."""

from dataclasses import asdict
from typing import Any

import polars as pl
import streamlit as st

import ingest
from app_streamlit import provider, refresh
from app_streamlit.page import Page
from app_streamlit.tables import Column, table
from cauce.errors import CauceError

_OUTCOMES = ("read", "loaded", "updated", "duplicate", "quarantined", "ignored")
_REPORT = {"file": Column("column.file")} | {name: Column(f"upload.{name}", "count") for name in _OUTCOMES}
_ROWS = {
    "source_file": Column("column.file"),
    "line": Column("column.line", "count"),
    "why": Column("column.why"),
    "column_name": Column("column.column"),
    "rule": Column("column.rule"),
    "created_at": Column("column.when", "instant"),
}
_SUMS = (("loaded", "updated"), ("quarantined",))
_MANY_ROWS = 500
PERSONAL = ("finance", "health")
"""What people upload; usage is billed, and comes from its sources only."""


def show_uploads(page: Page, domain: str) -> None:
    """The upload form for a domain's files, what the last upload did, and the open quarantined rows."""
    t = page.t
    st.markdown(t(f"upload.{domain}"))
    with st.form(f"upload-{domain}", clear_on_submit=True):
        files = st.file_uploader(t("upload.files"), accept_multiple_files=True, key=f"files-{domain}")
        sent = st.form_submit_button(t("upload.send"), type="primary", icon=":material/upload:")
    if sent and not files:
        st.warning(t("upload.none"), icon=":material/info:")
    elif sent:
        _load(page, domain, files)
        st.rerun()
    _show_last(page, domain)
    _show_quarantined(page, domain)


def _load(page: Page, domain: str, files: list[st.runtime.uploaded_file_manager.UploadedFile]) -> None:
    reports: list[dict[str, Any]] = []
    problems: list[str] = []
    with st.status(page.t("upload.working"), expanded=True) as status:
        for number, file in enumerate(files, start=1):
            status.update(label=page.t("upload.reading", file=file.name, n=number, of=len(files)))
            try:
                report = ingest.load_upload(
                    provider.database(), file.name, file, owner=page.person.id, domains=PERSONAL
                )
            except CauceError as error:
                problems.append(page.t("upload.refused", file=file.name, error=str(error)))
                continue
            if report.failed:
                problems.append(page.t("upload.refused", file=file.name, error=report.message or ""))
                continue
            reports.append({name: value for name, value in asdict(report).items() if name in _REPORT})
    st.session_state[f"uploaded-{domain}"] = (reports, problems)
    if any(report["loaded"] or report["updated"] for report in reports):
        refresh.start()


def _show_last(page: Page, domain: str) -> None:
    reports, problems = st.session_state.get(f"uploaded-{domain}", ([], []))
    for problem in problems:
        st.error(problem, icon=":material/error:")
    if not reports:
        return
    frame = pl.DataFrame(reports)
    new, kept = (sum(int(report[name]) for report in reports for name in names) for names in _SUMS)
    st.success(page.t.count("upload.done", new, n=page.f.number(new)), icon=":material/check_circle:")
    if kept:
        st.warning(page.t.count("upload.kept", kept, n=page.f.number(kept)), icon=":material/rule:")
    table(page, frame, _REPORT, f"upload-{domain}")


def _show_quarantined(page: Page, domain: str) -> None:
    with page.data() as data:
        rows = data.fetch("pipeline/quarantined", domain=domain, limit=_MANY_ROWS)
    if rows.height == 0:
        return
    st.subheader(page.t("upload.quarantine"), anchor=False)
    st.caption(page.t("upload.quarantine_text"))
    why = [page.t.either(f"rule.{rule}", reason) for rule, reason in rows.select("rule", "reason").iter_rows()]
    table(page, rows.with_columns(why=pl.Series(why, dtype=pl.Utf8)), _ROWS, f"quarantine-{domain}")
