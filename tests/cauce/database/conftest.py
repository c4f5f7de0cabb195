"""Embedded servers of their own for the tests of the supervisor, in homes nobody else uses."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cauce.database.server import EmbeddedServer


@pytest.fixture
def empty_server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A server that was never started."""
    server = EmbeddedServer(tmp_path / "home", fsync=False)
    yield server
    server.stop(mode="immediate")


@pytest.fixture(scope="session")
def stopped_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a server that has run once: copying it takes a fraction of making it."""
    home = tmp_path_factory.mktemp("stopped") / "home"
    server = EmbeddedServer(home, fsync=False)
    server.ensure_running()
    server.stop()
    (home / "postgres" / "cauce.conf").unlink()  # forget the port: tests that run at once would share it
    return home


@pytest.fixture
def server(empty_server: EmbeddedServer, stopped_home: Path) -> EmbeddedServer:
    """A server that has run before and is stopped."""
    shutil.copytree(stopped_home, empty_server.home)
    return empty_server
