"""Whatever happens to events, and whenever months close: the ledger is what was published and what is not yet."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, example, given, settings

from cauce.database import Database
from tests.cauce.billing.event_history import EVENTFUL, MONTHS, EventHistory, steps
from tests.conftest import drop_database


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
@example(steps=EVENTFUL)
def test_no_event_is_lost_between_what_was_published_and_what_is_not(
    new_database: Callable[[Path], Database], steps: list[tuple[str, Any]]
) -> None:
    with TemporaryDirectory() as home:
        database = new_database(Path(home))
        try:
            history = EventHistory(database, Path(home))
            for kind, what in steps:
                history.step(kind, what)
                history.check()
            while len(history.closed) < len(MONTHS):
                history.close()
            history.check()
        finally:
            drop_database(database)
