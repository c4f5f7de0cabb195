"""Closing a month: in order, once, when it is over everywhere; what was published stays as it was."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest

from cauce.billing.closing import close_months, closed_months, over_at
from cauce.database import Database, Role
from cauce.errors import FatalError, SkippableError
from cauce.lifecycle.erase import erase
from tests.conftest import make_person_in, sign_in_to

EVENT = """
INSERT INTO usage_logs (user_id, timestamp, agent_id, source, event_id, provider, model, tokens_input, tokens_output,
  total_tokens, total_cost, local_date)
VALUES (%s, %s, (SELECT id FROM agents LIMIT 1), 'test', uuidv7()::text, 'p', 'm', 7, 3, 10, %s, %s::date)
"""
PUBLISHED = """
SELECT to_char(posted_month, 'YYYY-MM'), local_date::text, events, total_tokens, total_cost, unknown_cost_events
FROM published_usage ORDER BY posted_month, local_date
"""


@pytest.fixture
def ana(db: Database) -> UUID:
    with db.transaction(Role.OWNER) as conn:
        conn.execute("INSERT INTO agents (name, slug) VALUES ('A', 'a')")
        conn.execute("SELECT ensure_month_partitions('2025-01-01', '2025-06-01')")
    return make_person_in(db, "ana@example.com")


def use(db: Database, person: UUID, day: str, cost: str | None = "0.5") -> None:
    with db.transaction(Role.OWNER) as conn:
        conn.execute(EVENT, (person, f"{day} 18:00+00", cost, day))


def close(db: Database, month: str) -> list[str]:
    with db.transaction(Role.OWNER) as conn:
        return [f"{one.month:%Y-%m}" for one in close_months(conn, date.fromisoformat(f"{month}-01"))]


def published(db: Database) -> list[tuple[object, ...]]:
    with db.transaction(Role.OWNER) as conn:
        return conn.execute(PUBLISHED).fetchall()


def test_older_open_months_close_first_and_later_changes_are_adjustments(db: Database, ana: UUID) -> None:
    for day in ("2025-01-31", "2025-02-01", "2025-03-01"):
        use(db, ana, day)
    assert close(db, "2025-02") == ["2025-01", "2025-02"]
    half = Decimal("0.5")
    first = [("2025-01", "2025-01-31", 1, 10, half, 0), ("2025-02", "2025-02-01", 1, 10, half, 0)]
    assert published(db) == first

    use(db, ana, "2025-01-31", cost=None)  # late
    with db.transaction(Role.OWNER) as conn:  # taken back, and re-priced
        conn.execute(
            "UPDATE usage_logs SET total_cost = 0.75 WHERE local_date = '2025-01-31' AND total_cost IS NOT NULL"
        )
        conn.execute("DELETE FROM usage_logs WHERE local_date = '2025-02-01'")
    assert close(db, "2025-04") == ["2025-03", "2025-04"]
    assert published(db) == [
        *first,
        ("2025-03", "2025-01-31", 1, 10, Decimal("0.25"), 1),
        ("2025-03", "2025-02-01", -1, -10, -half, 0),
        ("2025-03", "2025-03-01", 1, 10, half, 0),
    ]


def test_calls_of_unknown_cost_do_not_cost_0(db: Database, ana: UUID) -> None:
    use(db, ana, "2025-01-05")
    close(db, "2025-01")
    use(db, ana, "2025-01-05", cost=None)
    use(db, ana, "2025-02-05", cost=None)
    close(db, "2025-02")
    assert [row[4:] for row in published(db)] == [(Decimal("0.5"), 0), (None, 1), (None, 1)]


def test_a_month_closes_once_and_without_usage_too(db: Database, ana: UUID) -> None:
    assert close(db, "2025-03") == ["2025-03"]
    with pytest.raises(SkippableError, match=r"2025-03 is closed already since 20"):
        close(db, "2025-03")
    with pytest.raises(SkippableError, match="because a later month is"):
        close(db, "2025-01")
    use(db, ana, "2025-01-05")
    close(db, "2025-04")
    assert [row[:2] for row in published(db)] == [("2025-04", "2025-01-05")]


def test_a_month_that_is_not_over_in_the_last_zone_does_not_close(db: Database) -> None:
    assert over_at(date(2025, 12, 1)) == datetime(2026, 1, 1, 12, tzinfo=UTC)
    with pytest.raises(FatalError, match=r"is not over in every time zone — close it after .* 12:00 UTC"):
        close(db, f"{datetime.now(UTC):%Y-%m}")
    with db.transaction(Role.OWNER) as conn:
        assert closed_months(conn) == []


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("INSERT INTO closed_months VALUES ('2025-03-01')", "closed_months_in_order"),
        ("UPDATE closed_months SET closed_at = now()", "closed_months_stay_closed"),
        ("DELETE FROM closed_months", "closed_months_stay_closed"),
        ("UPDATE published_usage SET events = 2", "published_usage_stays"),
        ("DELETE FROM published_usage", "published_usage_stays"),
        (
            "INSERT INTO published_usage SELECT user_id, posted_month, '2025-01-01', agent_id, provider, model, 1, 0, 1, 1,"
            " 1, 0, 0, 0, 2, NULL FROM published_usage",
            "published_usage_is_complete",
        ),
    ],
)
def test_what_is_published_stays(db: Database, ana: UUID, statement: str, rule: str) -> None:
    use(db, ana, "2025-01-05")
    close(db, "2025-01")
    with db.connect(Role.OWNER) as conn, pytest.raises(psycopg.errors.CheckViolation) as refused:
        conn.execute(statement.encode())
    assert refused.value.diag.constraint_name == rule


def test_the_last_open_month_is_refused_by_the_database_too(db: Database) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="is not over everywhere"), db.connect(Role.OWNER) as conn:
        conn.execute("INSERT INTO closed_months VALUES (date_trunc('month', now())::date)")


def test_an_admin_closes_and_the_log_says_so(db: Database, ana: UUID) -> None:
    use(db, ana, "2025-01-05")
    admin = make_person_in(db, "admin@example.com", role="ADMIN")
    with db.transaction(Role.ADMIN, session_token=sign_in_to(db, "admin@example.com")) as conn:
        close_months(conn, date(2025, 1, 1))
    with db.transaction(Role.OWNER) as conn:
        assert conn.execute("SELECT closed_by FROM closed_months").fetchone() == (admin,)
        told = conn.execute("SELECT admin_id, details FROM audit_logs WHERE action = 'CLOSE_MONTH'").fetchall()
    assert told == [(admin, {"new": {"month": "2025-01-01"}})]
    assert len(published(db)) == 1
    erase(db, "admin@example.com")
    with db.transaction(Role.OWNER) as conn:
        assert conn.execute("SELECT month::text, closed_by FROM closed_months").fetchall() == [("2025-01-01", None)]


def test_an_erasure_takes_a_persons_rows_and_no_others(db: Database, ana: UUID) -> None:
    luis = make_person_in(db, "luis@example.com")
    for person in (ana, luis):
        use(db, person, "2025-01-05")
    close(db, "2025-01")
    erased = erase(db, "ana@example.com")
    assert erased.removed["published_usage"] == 1
    with db.transaction(Role.OWNER) as conn:
        assert conn.execute("SELECT user_id FROM published_usage").fetchall() == [(luis,)]


def test_a_closing_waits_for_the_one_before(db: Database, ana: UUID) -> None:
    use(db, ana, "2025-01-05")
    with db.connect(Role.OWNER) as one, db.connect(Role.OWNER) as other:
        close_months(one, date(2025, 1, 1))
        other.execute("SET LOCAL lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            close_months(other, date(2025, 1, 1))
        other.rollback()
        one.commit()
        with pytest.raises(SkippableError, match="closed already"):
            close_months(other, date(2025, 1, 1))
