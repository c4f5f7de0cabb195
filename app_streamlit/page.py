"""The frame around every page: who may see it, how fresh it is, and what is shown when something goes wrong."""

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl
import psycopg
import streamlit as st
from psycopg.rows import TupleRow

from app_streamlit import provider, queries, session, states
from app_streamlit.catalog import ENTRIES
from app_streamlit.formats import Formats
from app_streamlit.freshness import Freshness, read_freshness, show_banner, show_footer
from app_streamlit.texts import Texts
from cauce.database import Role
from cauce.errors import CauceError
from cauce.security.people import Person

_logger = logging.getLogger("cauce.app")


@dataclass(frozen=True, slots=True)
class Data:
    """The data of one page, read in one transaction as the person's role."""

    conn: psycopg.Connection[TupleRow]

    def fetch(self, name: str, **params: object) -> pl.DataFrame:
        """The rows of the query `name`, such as 'finance/balances'."""
        return queries.fetch(self.conn, name, **params)


@dataclass(frozen=True, slots=True)
class Page:
    """What the content of a page works with: the person, their texts and formats, and a way to their data."""

    person: Person
    token: str
    role: Role
    t: Texts
    f: Formats
    fresh: Freshness

    @property
    def today(self) -> date:
        """The last day the figures reach to, in the person's zone."""
        return self.f.local(self.fresh.as_of or datetime.now(UTC)).date()

    @contextmanager
    def data(self) -> Iterator[Data]:
        """A transaction as the person's role; what the role may not see is not there."""
        with provider.database().transaction(self.role, session_token=self.token) as conn:
            yield Data(conn)


def show(key: str, content: Callable[[Page], None]) -> None:
    """Run `content` for the page `key` if the person of the live session may open it."""
    entry = next(entry for entry in ENTRIES if entry.key == key)
    language = "es"
    try:
        who, token = session.person(), session.current_token()
        if who is None or token is None:
            states.signed_out()
            return
        language = who.language
        t = Texts(language)
        if not session.may_open(who, entry.audience):
            states.forbidden(t)
            return
        st.title(t(f"{key}.title"), anchor=False)
        role = session.ROLES[entry.audience]
        fresh = read_freshness(provider.database(), role, token)
        page = Page(who, token, role, t, Formats(t.language, who.timezone), fresh)
        show_banner(page.t, page.f, fresh)
        content(page)
        show_footer(page.t, page.f, fresh)
    except psycopg.errors.UndefinedTable:
        states.unpublished(Texts(language))
    except (CauceError, psycopg.OperationalError):
        _logger.exception("page %s: the database does not answer", key)
        states.unavailable(Texts(language))
    except Exception:
        reference = secrets.token_hex(4)
        _logger.exception("page %s failed, reference %s", key, reference)
        states.failed(Texts(language), reference)
