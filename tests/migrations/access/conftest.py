"""The prepared databases, once in a process: the operational schema furnished, and the warehouse built and published."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cauce.database import Database
from tests.conftest import drop_database
from tests.migrations.access.world import World, furnish


@pytest.fixture(scope="session")
def operational(new_database: Callable[[Path], Database], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    database = new_database(tmp_path_factory.mktemp("access"))
    yield furnish(database)
    drop_database(database)
