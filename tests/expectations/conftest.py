"""The world, built once, and copies of it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cauce.database import Database
from tests.expectations.world import built, copy_of


@pytest.fixture(scope="session")
def world(new_database: Callable[[Path], Database], tmp_path_factory: pytest.TempPathFactory) -> Database:
    """The world, published; only to be read."""
    return built(new_database, tmp_path_factory.mktemp("world"))


@pytest.fixture
def copy(world: Database, tmp_path: Path) -> Iterator[Database]:
    """A copy of the world that a test may change."""
    with copy_of(world, tmp_path) as database:
        yield database
