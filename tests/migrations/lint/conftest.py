"""The warehouse, built once for its linters."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cauce.database import Database
from tests.expectations.world import built, copy_of


@pytest.fixture(scope="module")
def warehouse(new_database: Callable[[Path], Database], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The warehouse's schemas."""
    home = tmp_path_factory.mktemp("warehouse")
    with copy_of(built(new_database, home), home) as database:
        yield database
