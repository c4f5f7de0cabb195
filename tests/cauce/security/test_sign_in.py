from collections.abc import Callable
from uuid import UUID

import pytest

from cauce.database import Database, Role
from cauce.errors import FatalError
from cauce.security.people import Audience, person, save_settings
from cauce.security.sign_in import consume, issue_link, revoke

MakePerson = Callable[..., UUID]
SignIn = Callable[[str], str]


def whoami(db: Database, token: str | None) -> UUID | None:
    with db.transaction(Role.USER, session_token=token) as conn:
        row = conn.execute("SELECT current_user_id()").fetchone()
    assert row is not None
    return row[0]


def test_a_link_opens_a_session_once(db: Database, make_person: MakePerson) -> None:
    ana = make_person("ana@example.com")
    token = issue_link(db, "Ana@Example.com ").split("token=")[1]
    session = consume(db, token)
    assert session is not None
    assert whoami(db, session) == ana
    assert consume(db, token) is None


@pytest.mark.parametrize("token", [None, "", "forged", "' OR 1=1 --"])
def test_nobody_without_a_live_session(db: Database, make_person: MakePerson, token: str | None) -> None:
    make_person("ana@example.com")
    assert whoami(db, token) is None


def test_a_link_for_an_unknown_address_looks_the_same_and_opens_nothing(db: Database) -> None:
    link = issue_link(db, "nobody@example.com")
    assert "token=" in link
    assert consume(db, link.split("token=")[1]) is None


def test_an_expired_link_opens_nothing(db: Database, make_person: MakePerson) -> None:
    make_person("ana@example.com")
    link = issue_link(db, "ana@example.com")
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE verification_tokens SET expires = now() - interval '1 second'")
    assert consume(db, link.split("token=")[1]) is None


@pytest.mark.parametrize(
    "ending",
    [
        "UPDATE auth_sessions SET expires = now()",
        "UPDATE auth_sessions SET idle_expires = now()",
        "UPDATE auth_sessions SET revoked_at = now()",
        "UPDATE users SET is_active = false",
        "DELETE FROM auth_sessions",
    ],
)
def test_a_session_that_ended_reads_nothing_at_once(
    db: Database, make_person: MakePerson, sign_in: SignIn, ending: str
) -> None:
    ana = make_person("ana@example.com")
    session = sign_in("ana@example.com")
    assert whoami(db, session) == ana
    with db.transaction(Role.OWNER) as conn:
        conn.execute(ending)
    assert whoami(db, session) is None
    assert person(db, session) is None


def test_revoking_ends_only_this_session(db: Database, make_person: MakePerson, sign_in: SignIn) -> None:
    ana = make_person("ana@example.com")
    here, there = sign_in("ana@example.com"), sign_in("ana@example.com")
    revoke(db, here)
    assert whoami(db, here) is None
    assert whoami(db, there) == ana


def test_the_token_of_one_transaction_does_not_reach_the_next(
    db: Database, make_person: MakePerson, sign_in: SignIn
) -> None:
    make_person("ana@example.com")
    session = sign_in("ana@example.com")
    assert whoami(db, session) is not None
    assert whoami(db, None) is None  # the same pooled connection


def test_tokens_are_kept_as_hashes_only(db: Database, make_person: MakePerson) -> None:
    make_person("ana@example.com")
    link = issue_link(db, "ana@example.com").split("token=")[1]
    session = consume(db, link)
    assert session is not None
    with db.transaction(Role.OWNER) as conn:
        rows = conn.execute(
            "SELECT s::text FROM auth_sessions s UNION ALL SELECT l::text FROM session_lookup l"
        ).fetchall()
    assert rows
    assert not [row for row in rows if session in row[0] or link in row[0]]


def test_reading_a_person_puts_off_the_idle_end_but_not_the_absolute_one(
    db: Database, make_person: MakePerson, sign_in: SignIn
) -> None:
    make_person("ana@example.com")
    session = sign_in("ana@example.com")
    with db.transaction(Role.OWNER) as conn:
        conn.execute(
            "UPDATE auth_sessions SET idle_expires = now() + interval '5 minutes',"
            " expires = now() + interval '30 minutes'"
        )
    assert person(db, session) is not None
    with db.transaction(Role.OWNER) as conn:
        row = conn.execute(
            "SELECT idle_expires = expires, expires < now() + interval '31 minutes' FROM auth_sessions"
        ).fetchone()
    assert row == (True, True)


@pytest.mark.parametrize(
    ("role", "audience"),
    [
        ("ADMIN", Audience.ADMIN),
        ("SUPER_ADMIN", Audience.ADMIN),
        ("DEVELOPER", Audience.ANALYST),
        ("GUEST", Audience.USER),
    ],
)
def test_roles_have_audiences(
    db: Database, make_person: MakePerson, sign_in: SignIn, role: str, audience: Audience
) -> None:
    make_person("ana@example.com", role=role)
    who = person(db, sign_in("ana@example.com"))
    assert who is not None
    assert who.audience is audience


def test_settings_are_the_persons_own_and_zones_keep_their_history(
    db: Database, make_person: MakePerson, sign_in: SignIn
) -> None:
    ana, luis = make_person("ana@example.com"), make_person("luis@example.com")
    session = sign_in("ana@example.com")
    save_settings(db, session, timezone="America/Tijuana", language="en", theme="dark")
    who = person(db, session)
    assert who is not None
    assert (who.timezone, who.language, who.theme) == ("America/Tijuana", "en", "dark")
    with db.transaction(Role.OWNER) as conn:
        zones = conn.execute(
            "SELECT user_id, timezone, valid_from = '-infinity' FROM user_timezones ORDER BY user_id, valid_from"
        ).fetchall()
    assert (ana, "America/Mexico_City", True) in zones
    assert (ana, "America/Tijuana", False) in zones
    assert [zone for zone in zones if zone[0] == luis] == [(luis, "America/Mexico_City", True)]


@pytest.mark.parametrize("change", [{"timezone": "Mars/Olympus"}, {"language": "xx"}, {"theme": "neon"}])
def test_settings_that_do_not_exist_are_refused(
    db: Database, make_person: MakePerson, sign_in: SignIn, change: dict[str, str]
) -> None:
    make_person("ana@example.com")
    with pytest.raises(FatalError, match="cannot be"):
        save_settings(db, sign_in("ana@example.com"), **change)
