"""How fresh the published marts are, and whether the checks before their publication passed."""

from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

import streamlit as st

from app_streamlit import queries
from app_streamlit.formats import Formats
from app_streamlit.texts import Texts
from cauce.database import Database, Role


@dataclass(frozen=True, slots=True)
class Freshness:
    """The last publication, and the failure since then if the last attempt failed."""

    as_of: datetime | None = None
    published_at: datetime | None = None
    checks_passed: int = 0
    failing_since: datetime | None = None
    failures: tuple[dict[str, Any], ...] = ()


def read_freshness(db: Database, role: Role, token: str) -> Freshness:
    """What `publication_status` says; an empty Freshness before the first publication."""
    with db.transaction(role, session_token=token) as conn:
        row = conn.execute(queries.text("pipeline/status").encode()).fetchone()
    if row is None:
        return Freshness()
    as_of, published_at, checks_passed, failing_since, failures = row
    return Freshness(as_of, published_at, checks_passed or 0, failing_since, tuple(failures or ()))


def show_banner(t: Texts, f: Formats, fresh: Freshness) -> None:
    """Say at the top that newer data did not pass its checks: since when, what failed, and what is shown instead."""
    if fresh.failing_since is None:
        return
    key = "fresh.failing" if fresh.published_at else "fresh.failing_first"
    st.warning(t(key, since=f.instant(fresh.failing_since), as_of=f.instant(fresh.as_of)), icon=":material/warning:")
    if fresh.failures:
        with st.expander(t("fresh.what_failed")):
            for failure in fresh.failures:
                place = ".".join(str(failure[part]) for part in ("mart", "column") if failure.get(part))
                st.markdown(f"- `{failure.get('expectation', '?')}` · {place}")


def show_footer(t: Texts, f: Formats, fresh: Freshness) -> None:
    """Say at the bottom what the figures cover and that their checks passed."""
    if fresh.published_at is None:
        return
    state = "late" if fresh.failing_since else "good"
    checks = t.count("fresh.checks", fresh.checks_passed)
    text = t("fresh.text", as_of=f.instant(fresh.as_of), published_at=f.instant(fresh.published_at), checks=checks)
    st.html(f'<div class="cauce-fresh cauce-{state}"><span aria-hidden="true"></span>{escape(text)}</div>')
