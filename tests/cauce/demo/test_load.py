from collections import Counter
from datetime import date

import pytest

from cauce.database import Database, Role
from cauce.demo import create_people
from cauce.demo.billing import bill_months
from ingest import FileReport, load_paths
from tests.cauce.billing.history import use
from tests.cauce.demo.conftest import Demo
from tests.conftest import make_person_in


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


def test_months_of_somebody_else_are_not_closed_for_them(
    shared_db: Database, small: Demo, loaded: list[FileReport]
) -> None:
    somebody = make_person_in(shared_db, "yo@example.com")
    with shared_db.transaction(Role.OWNER) as conn:
        use(conn, somebody, "2026-09-05T12:00:00Z")
    assert bill_months(shared_db, small.plan) == 0
    with shared_db.transaction(Role.OWNER) as conn:
        assert conn.execute("SELECT count(*) FROM closed_months").fetchone() == (0,)
        conn.execute("DELETE FROM usage_logs WHERE user_id = %s", (somebody,))


def test_the_books_hold_every_month_but_the_latest(shared_db: Database, small: Demo, loaded: list[FileReport]) -> None:
    issued = bill_months(shared_db, small.plan)
    with shared_db.transaction(Role.OWNER) as conn:
        closed = conn.execute("SELECT month FROM closed_months ORDER BY month").fetchall()
        invoices = conn.execute(
            """SELECT period_start, issued_at::date, count(*), count(*) FILTER (WHERE total > 0) FROM invoices
               WHERE kind = 'invoice' AND status IN ('final', 'paid') GROUP BY 1, 2 ORDER BY 1"""
        ).fetchall()
        paid = conn.execute(
            """SELECT count(*) FROM payments p JOIN invoices i ON i.user_id = p.user_id AND i.id = p.invoice_id
               WHERE p.paid_at BETWEEN i.issued_at - interval '1 day' AND '2026-11-22'"""
        ).fetchone()
        kinds = dict(conn.execute("SELECT kind, count(*) FROM invoices GROUP BY kind").fetchall())
    assert closed == [(date(2026, 8, 1),), (date(2026, 9, 1),)]
    assert [row[:2] for row in invoices] == [
        (date(2026, 8, 1), date(2026, 9, 3)), (date(2026, 9, 1), date(2026, 10, 3)),
    ]  # fmt: skip
    assert sum(row[2] for row in invoices) == issued == kinds["invoice"]
    assert paid
    assert 0 < paid[0] <= sum(row[3] for row in invoices)
    assert kinds["credit_note"] == 1
    assert bill_months(shared_db, small.plan) == 0, "again"
