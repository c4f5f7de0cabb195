"""Pages run on a database with two people's data, published by the real build, audit and publication."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from app_streamlit import provider, refresh, session
from app_streamlit.catalog import ENTRIES
from cauce.database import Database, Role
from tests.app_streamlit.seed import publish_marts, seed
from tests.conftest import drop_database, sign_in_to


@dataclass(frozen=True)
class World:
    """A published database and the ids of its people by address."""

    db: Database
    people: dict[str, UUID]


@pytest.fixture(scope="session")
def world(new_database: Callable[[Path], Database], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Shared by every test here; a test that writes uses `db` instead."""
    database = new_database(tmp_path_factory.mktemp("app"))
    people = seed(database)
    publish_marts(database)
    yield World(database, people)
    drop_database(database)


@dataclass
class Browser:
    """Opens pages as a person would: `token` is the session cookie."""

    token: str | None = None

    def open(self, key: str) -> AppTest:
        """Run the page `key`."""
        entry = next(entry for entry in ENTRIES if entry.key == key)
        return AppTest.from_file(str(entry.file), default_timeout=30).run()


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """A browser nobody is signed in with; pages read no database until one is chosen."""
    opened = Browser()
    monkeypatch.setattr(session, "current_token", lambda: opened.token)
    monkeypatch.setattr(refresh, "start", lambda: None)
    yield opened
    provider.use(None)


@pytest.fixture
def signed_in(world: World, browser: Browser) -> Callable[[str], Browser]:
    """Sign a person of the shared world in."""

    def sign_in(email: str) -> Browser:
        provider.use(world.db)
        browser.token = sign_in_to(world.db, email)
        return browser

    return sign_in


def text_of(page: AppTest) -> str:
    """Everything the page says outside tables, in one string."""
    parts: list[str] = [element.proto.body for element in page.get("html")]
    for kind in ("title", "subheader", "markdown", "caption", "error", "warning", "info", "success"):
        parts += [element.value for element in getattr(page, kind)]
    return "\n".join(parts).replace("\u00a0", " ")


def one(world: World, sql: LiteralString, *params: object) -> Any:
    """The row a hand-written query over the operational tables gives."""
    with world.db.transaction(Role.OWNER) as conn:
        return conn.execute(sql, params).fetchone()


def on_card(figure: str) -> str:
    """A figure as a card writes it: its currency apart."""
    return figure.replace("\u00a0", " <small>", 1)
