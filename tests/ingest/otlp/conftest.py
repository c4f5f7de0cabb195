from collections.abc import Iterator

import pytest

from cauce.database import Database
from tests.conftest import make_person_in
from tests.ingest.otlp.receiving import Receiver


@pytest.fixture(scope="module")
def people_db(shared_db: Database) -> Database:
    """A database in which `ana@example.com` and `luis@example.com` are registered; each test has spans of its own."""
    for name in ("ana", "luis"):
        make_person_in(shared_db, f"{name}@example.com")
    return shared_db


@pytest.fixture(scope="module")
def receiver(people_db: Database) -> Iterator[Receiver]:
    """A receiver of traces in this process."""
    with Receiver(people_db) as running:
        yield running
