"""The app as people meet it: a server of its own, and Chromium."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from cauce.database import Database
from cauce.security.sign_in import issue_link
from tests.app_streamlit.seed import publish_marts, seed
from tests.conftest import HOME, drop_database

CHROMIUM = os.environ.get("CAUCE_CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass(frozen=True)
class Site:
    """A running app: its database, its people by address, and where it is."""

    db: Database
    people: dict[str, UUID]
    url: str

    def link(self, email: str) -> str:
        """A fresh sign-in link to this site."""
        return f"{self.url}/sign-in?token={issue_link(self.db, email).split('token=')[1]}"


@pytest.fixture(scope="session")
def site(new_database: Callable[[Path], Database], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`cauce serve` in a process of its own, on a seeded and published database."""
    folder = tmp_path_factory.mktemp("site")
    db = new_database(folder)
    people = seed(db)
    publish_marts(db)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    address = f"{db.address.superuser_url.rsplit('/', 1)[0]}/{db.address.name}"
    env = os.environ | {
        "CAUCE_HOME": os.environ[HOME],
        "CAUCE_INBOX": str(folder / "inbox"),
        "CAUCE_PORT": str(port),
        "DATABASE_URL": address,
    }
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-m", "cauce", "serve"], env=env, stdout=log, stderr=log)
        try:
            _wait_for(f"{url}/_stcore/health", server, folder / "log")
            yield Site(db, people, url)
        finally:
            server.terminate()
            assert server.wait(20) in (0, -15), (folder / "log").read_text()
            drop_database(db)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
        if server.poll() is not None:
            break
    pytest.fail(f"the app did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, site: Site) -> Iterator[Callable[[str], Page]]:
    """Sign a person in, in a browser of their own, with the link and its button; gives their first page."""
    contexts: list[BrowserContext] = []

    def sign_in(email: str) -> Page:
        context = chromium.new_context(
            locale="es-MX", timezone_id="America/Mexico_City", viewport={"width": 1280, "height": 900}
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(site.link(email))
        page.get_by_role("button", name="Entrar a Cauce").click()
        expect(page.locator("h1")).to_be_visible(timeout=30_000)
        return page

    yield sign_in
    for context in contexts:
        context.close()
