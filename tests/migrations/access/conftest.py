"""The prepared databases, once in a process: the operational schema furnished, and the warehouse built and published."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cauce.database import Database
from tests.conftest import drop_database
from tests.expectations.world import built, copy_of
from tests.migrations.access.world import World, furnish, open_warehouse


@pytest.fixture(scope="session")
def operational(new_database: Callable[[Path], Database], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The operational schema."""
    database = new_database(tmp_path_factory.mktemp("access"))
    yield furnish(database)
    drop_database(database)


@pytest.fixture(scope="session")
def warehouse(new_database: Callable[[Path], Database], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The warehouse's schemas."""
    home = tmp_path_factory.mktemp("warehouse")
    with copy_of(built(new_database, home), home) as database:
        yield open_warehouse(database)


@pytest.fixture
def world(request: pytest.FixtureRequest, name: str) -> World:
    """Where the relation (or schema) called `name` is."""
    found: World = request.getfixturevalue(
        "operational" if name.split(".")[0] in ("public", "extensions") else "warehouse"
    )
    return found
