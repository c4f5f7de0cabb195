from collections import Counter

import pytest

from cauce.database import Database, Role
from cauce.demo import create_people
from ingest import FileReport, load_paths
from tests.cauce.demo.conftest import Demo


@pytest.fixture(scope="module")
def loaded(shared_db: Database, small: Demo) -> list[FileReport]:
    create_people(shared_db, small.plan)
    return load_paths(shared_db, small.plan.paths(small.folder))


def test_every_file_ends_in_the_planned_accounting(small: Demo, loaded: list[FileReport]) -> None:
    for report, expected in zip(loaded, small.plan.expectations, strict=True):
        found = (report.read, report.loaded, report.updated, report.duplicate, report.quarantined, report.ignored)
        ignored = sum(expected.ignored.values())
        planned = (
            *(expected.read, expected.good, expected.updated),
            *(expected.duplicate, expected.quarantined, ignored),
        )
        assert (expected.file, report.format, found) == (expected.file, expected.format, planned)


def test_quarantine_holds_what_is_planned(shared_db: Database, small: Demo, loaded: list[FileReport]) -> None:
    with shared_db.transaction(Role.OWNER) as conn:
        rules = Counter(dict(conn.execute("SELECT rule, count(*) FROM quarantined_rows GROUP BY rule").fetchall()))
    assert rules["conflict"] == sum(expected.conflict for expected in small.plan.expectations) > 0
    assert rules["unattributed"] == sum(expected.unattributed for expected in small.plan.expectations) > 0
    assert rules.total() == sum(expected.quarantined for expected in small.plan.expectations)


def test_events_belong_to_the_named_agents_and_months(shared_db: Database, loaded: list[FileReport]) -> None:
    with shared_db.transaction(Role.OWNER) as conn:
        agents = conn.execute("SELECT count(*) FROM agents").fetchone()
        ana = conn.execute(
            """SELECT l.local_date::text FROM usage_logs l JOIN users u ON u.id = l.user_id
               WHERE u.email = 'ana@demo.example' AND l.timestamp = '2026-11-01T02:00:00Z'"""
        ).fetchall()
    assert agents == (8,), "names and slugs, in all formats, are those of the demo's agents"
    assert ana == [("2026-10-31",)]


def test_the_same_files_again_are_all_duplicates(shared_db: Database, small: Demo, loaded: list[FileReport]) -> None:
    again = load_paths(shared_db, [small.folder])
    assert sum(report.read for report in again) == sum(report.read for report in loaded)
    assert all(report.duplicate == report.read for report in again)
