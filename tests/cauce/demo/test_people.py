from datetime import UTC, datetime

from cauce.database import Database, Role
from cauce.demo import create_people
from cauce.lifecycle.erase import erase
from cauce.security.people import find_person
from ingest import FileReport, load_paths
from tests.cauce.demo.conftest import Demo


def test_people_agents_zones_and_currencies(db: Database, demo: Demo) -> None:
    create_people(db, demo.plan)
    with db.transaction(Role.OWNER) as conn:
        rows = conn.execute(
            """SELECT u.email, u.role, u.timezone, u.language, u.subscription_tier, s.language, f.currency
               FROM users u JOIN user_settings s ON s.user_id = u.id JOIN financial_profiles f ON f.user_id = u.id"""
        ).fetchall()
        names = dict(conn.execute("SELECT slug, name FROM agents").fetchall())
    assert sorted(rows) == sorted(
        (p.email, p.role, p.timezone, p.language, p.subscription_tier, p.language, p.currency) for p in demo.plan.people
    )
    assert names["asistente-de-salud"] == "Asistente de salud"


def test_local_days_follow_the_move_of_luis(db: Database, demo: Demo) -> None:
    create_people(db, demo.plan)
    luis = next(person for person in demo.plan.people if person.email == "luis@demo.example")
    with db.transaction(Role.OWNER) as conn:
        days = [
            conn.execute(
                "SELECT local_date(id, %s)::text FROM users WHERE email = %s", (instant, luis.email)
            ).fetchone()
            for instant in (
                datetime(2025, 3, 1, 5, 30, tzinfo=UTC),  # long before the data begin: Mexico City
                datetime(2026, 4, 30, 6, 10, tzinfo=UTC),
                datetime(2026, 5, 1, 6, 30, tzinfo=UTC),  # Tijuana; May already where he lived before
            )
        ]
    assert days == [("2025-02-28",), ("2026-04-30",), ("2026-04-30",)]


def test_again_changes_nothing_and_keeps_what_people_set(db: Database, demo: Demo) -> None:
    everything = """SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM user_timezones),
                           (SELECT count(*) FROM user_settings), (SELECT count(*) FROM agents)"""
    create_people(db, demo.plan)
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE users SET language = 'en' WHERE email = 'ana@demo.example'")
        before = conn.execute(everything).fetchone()
    create_people(db, demo.plan)
    with db.transaction(Role.OWNER) as conn:
        assert conn.execute(everything).fetchone() == before == (50, 51, 50, 8)
        assert conn.execute("SELECT language FROM users WHERE email = 'ana@demo.example'").fetchone() == ("en",)


def test_plans_have_a_past_and_end_in_todays(db: Database, demo: Demo) -> None:
    create_people(db, demo.plan)
    with db.transaction(Role.OWNER) as conn:
        histories = conn.execute(
            """SELECT u.subscription_tier, array_agg(s.plan_code ORDER BY s.valid_from),
                 count(*) FILTER (WHERE s.valid_to IS NULL), max(s.valid_from) < %s
               FROM users u JOIN subscriptions s ON s.user_id = u.id GROUP BY u.id""",
            (demo.plan.today,),
        ).fetchall()
    assert len(histories) == len(demo.plan.people)
    assert all(plans[-1] == tier and lasting == 1 and past for tier, plans, lasting, past in histories)
    seen = {tuple(plans) for _, plans, _, _ in histories}
    assert {("FREE", "BASIC", "FREE"), ("FREE", "BASIC", "PRO"), ("FREE", "BASIC", "FREE", "BASIC")} <= seen


def test_prices_of_a_contract_and_limits_of_a_company(db: Database, demo: Demo) -> None:
    create_people(db, demo.plan)
    create_people(db, demo.plan)
    with db.transaction(Role.OWNER) as conn:
        prices = conn.execute(
            """SELECT p.model, p.valid_to IS NULL, u.email FROM model_prices p JOIN users u ON u.id = p.created_by
               ORDER BY p.valid_from"""
        ).fetchall()
        limited = conn.execute(
            """SELECT u.custom_limits = s.custom_limits, s.plan_code FROM users u JOIN subscriptions s ON s.user_id = u.id
               WHERE s.custom_limits IS NOT NULL"""
        ).fetchall()
    admin = demo.plan.people[0].email
    assert prices == [("mistral-small-latest", False, admin), ("mistral-small-latest", True, admin)]
    assert limited == [(True, "ENTERPRISE")]


def test_an_erased_person_stays_away_when_the_demo_is_loaded_again(db: Database, small: Demo) -> None:
    def load() -> list[FileReport]:
        create_people(db, small.plan)
        return load_paths(db, [small.folder])

    def counted() -> list[tuple[object, ...]]:
        with db.transaction(Role.OWNER) as conn:
            return conn.execute(
                "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM usage_logs), (SELECT count(*) FROM"
                " ingest_batches), (SELECT count(*) FROM quarantined_rows), (SELECT count(*) FROM transactions)"
            ).fetchall()

    load()
    erased = small.plan.people[2].email
    assert erase(db, erased).removed["usage_logs"] > 0
    before = counted()
    again = load()
    assert counted() == before
    assert find_person(db, erased) is None
    assert any("was erased on" in (report.message or "") for report in again)
