"""What the audit log is told, and that nobody can take it back."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID

import psycopg
import pytest
from alembic import command
from psycopg import errors
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from cauce.database import Database, Role
from cauce.database.migrations import migrate, migration_config
from cauce.lifecycle.erase import erase
from cauce.security.audit import Damage, record, seal, verify
from cauce.security.sign_in import consume, issue_link, revoke
from tests.conftest import make_person_in, sign_in_to

Told = list[tuple[str, str | None, UUID | None, dict[str, Any] | None]]


def end(db: Database) -> int:
    with db.transaction(Role.OWNER) as conn:
        row = conn.execute("SELECT entries FROM audit_heads").fetchone()
    assert row is not None
    return row[0]


def told(db: Database, after: int = 0) -> Told:
    with db.transaction(Role.OWNER) as conn:
        return conn.execute(
            "SELECT action, target_type, target_id, details FROM audit_logs WHERE sequence > %s ORDER BY sequence",
            (after,),
        ).fetchall()


def superuser(db: Database) -> psycopg.Connection:
    return psycopg.connect(db.address.superuser_url, dbname=db.address.name)


# Append-only

TABLES = {
    "audit_logs": "hash",
    "audit_heads": "hash",
    "audit_seals": "hash",
    "audit_pending": "action",
    "audit_origins": "salt",
}
"""With a column of each."""
TOUCHES = {
    "update": "UPDATE {0} SET {1} = {1}",
    "delete": "DELETE FROM {0}",
    "truncate": "TRUNCATE {0}",
}
INSERTS = {
    "audit_logs": "INSERT INTO audit_logs (sequence, action, previous_hash, hash) VALUES (9, 'X', '', '')",
    "audit_heads": "INSERT INTO audit_heads (id, hash) VALUES (2, '')",
    "audit_origins": "INSERT INTO audit_origins (sequence) VALUES (9)",
}
REFUSALS = [
    *((table, statement.format(table, column)) for table, column in TABLES.items() for statement in TOUCHES.values()),
    *INSERTS.items(),
]
REFUSED = (errors.InsufficientPrivilege, errors.CheckViolation, errors.ReadOnlySqlTransaction)


@pytest.fixture(scope="module")
def log(shared_db: Database) -> Iterator[Database]:
    make_person_in(shared_db, role="ADMIN")
    with shared_db.transaction(Role.OWNER) as conn:
        conn.execute("INSERT INTO audit_seals (sequence, hash, seal) VALUES (1, '', '')")
    yield shared_db
    with superuser(shared_db) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute("DELETE FROM audit_seals")
    assert verify(shared_db).broken is None


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("table", "statement"), REFUSALS)
def test_nobody_changes_the_log_and_it_goes_on(log: Database, table: str, statement: str, role: Role) -> None:
    before = end(log)
    with pytest.raises(REFUSED), log.transaction(role) as conn:
        conn.execute(statement.encode())
    with log.transaction(Role.OWNER) as conn:
        record(conn, "STILL_APPENDS")
    assert [entry[0] for entry in told(log, before)] == ["STILL_APPENDS"]


@pytest.mark.parametrize(("table", "statement"), REFUSALS)
def test_the_triggers_alone_refuse_even_who_has_every_privilege(log: Database, table: str, statement: str) -> None:
    with superuser(log) as conn, pytest.raises(errors.CheckViolation, match="append-only"):
        conn.execute(statement.encode())


def test_the_owner_gains_nothing_by_granting_itself_what_it_lacks(log: Database) -> None:
    with log.connect(Role.OWNER) as conn:
        conn.execute("GRANT ALL ON audit_logs TO cauce_owner")
        for statement in (statement for table, statement in REFUSALS if table == "audit_logs"):
            with pytest.raises(errors.CheckViolation, match="append-only"), conn.transaction():
                conn.execute(statement.encode())
        conn.rollback()


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN, Role.INGEST])
def test_who_may_append_does_so_under_their_own_name(log: Database, role: Role) -> None:
    before = end(log)
    with log.transaction(role) as conn:
        record(conn, "EXPORT", target_type="users", target_id=UUID(int=1), details={"rows": 3})
    assert told(log, before) == [("EXPORT", "users", UUID(int=1), {"rows": 3})]
    with log.transaction(Role.ADMIN) as conn:
        assert conn.execute("SELECT actor FROM audit_logs WHERE sequence > %s", (before,)).fetchall() == [(role,)]


@pytest.mark.parametrize("role", [Role.USER, Role.ANALYST, Role.TRANSFORM, Role.SIGN_IN])
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT record_audit('X', NULL, NULL, NULL)",
        "SELECT append_audit('X', NULL, NULL, NULL)",
        "INSERT INTO audit_pending (action) VALUES ('X')",
        "SELECT * FROM audit_logs",
    ],
)
def test_others_neither_append_nor_read(log: Database, role: Role, statement: str) -> None:
    with pytest.raises(REFUSED), log.transaction(role) as conn:
        conn.execute(statement.encode())


@pytest.mark.parametrize("role", [Role.ADMIN, Role.INGEST])
def test_nobody_appends_under_another_name(log: Database, role: Role) -> None:
    with pytest.raises(errors.InsufficientPrivilege), log.transaction(role) as conn:
        conn.execute("SELECT append_audit('X', NULL, NULL, NULL, uuidv7())")


# What is told


@pytest.fixture
def ana(db: Database, make_person: Callable[..., UUID]) -> UUID:
    return make_person("ana@example.com")


AGENT = "00000000-0000-0000-0000-00000000000a"
INVITE = "INSERT INTO invitations (email, token, role) VALUES ('eva@example.com', repeat('a', 64), 'ADMIN')"
GRANT = "INSERT INTO user_agent_permissions (user_id, id, agent_id) VALUES (%(ana)s, %(ana)s, '" + AGENT + "')"
MINE = " WHERE id = %(ana)s"


@pytest.mark.parametrize(
    ("prepared", "statement", "expected"),
    [
        ("", "UPDATE users SET role = 'ADMIN', bio = 'x'" + MINE,
         [("CHANGE_ROLE", "users", {"old": {"role": "USER"}, "new": {"role": "ADMIN"}})]),
        ("", """UPDATE users SET permissions = '{"a": [1]}'""" + MINE,
         [("CHANGE_ROLE", "users", {"old": {"permissions": None}, "new": {"permissions": {"a": [1]}}})]),
        ("", "UPDATE users SET subscription_tier = 'PRO'" + MINE,
         [("CHANGE_PLAN", "users", {"old": {"subscription_tier": "FREE"}, "new": {"subscription_tier": "PRO"}})]),
        ("", """UPDATE users SET custom_limits = '{"tokens": 5}'""" + MINE,
         [("CHANGE_PLAN", "users", {"old": {"custom_limits": None}, "new": {"custom_limits": {"tokens": 5}}})]),
        ("", "UPDATE users SET is_active = false" + MINE,
         [("CHANGE_STATUS", "users", {"old": {"is_active": True}, "new": {"is_active": False}})]),
        ("", "UPDATE users SET email = 'ana2.canary@example.com'" + MINE,
         [("CHANGE_EMAIL", "users", {"changed": ["email"]})]),
        ("", "INSERT INTO users (id, email, role) VALUES (uuidv7(), 'canary@example.com', 'SUPER_ADMIN')",
         [("CREATE_USER", "users", {"new": {"role": "SUPER_ADMIN", "subscription_tier": "FREE"}})]),
        ("", "INSERT INTO users (email, custom_limits) VALUES ('canary@example.com', '{}')",
         [("CREATE_USER", "users", {"new": {"role": "USER", "subscription_tier": "FREE", "custom_limits": {}}})]),
        (GRANT, "DELETE FROM users" + MINE,  # and nothing of the permission that goes with the person
         [("DELETE_USER", "users", {"old": {"role": "USER", "subscription_tier": "FREE"}})]),
        ("", GRANT,
         [("GRANT_AGENT", "user_agent_permissions", {"person": "ana", "new": {"agent_id": AGENT}})]),
        (GRANT, "DELETE FROM user_agent_permissions",
         [("REVOKE_AGENT", "user_agent_permissions", {"person": "ana", "old": {"agent_id": AGENT}})]),
        ("", INVITE,
         [("INVITE_USER", "invitations", {"new": {"role": "ADMIN", "status": "PENDING"}})]),
        (INVITE, "UPDATE invitations SET status = 'ACCEPTED', accepted_at = now()",
         [("CHANGE_INVITATION", "invitations", {"old": {"status": "PENDING"}, "new": {"status": "ACCEPTED"}})]),
        (INVITE, INVITE.replace("'a'", "'b'"),  # a new one cancels the one before
         [("CHANGE_INVITATION", "invitations", {"old": {"status": "PENDING"}, "new": {"status": "CANCELLED"}}),
          ("INVITE_USER", "invitations", {"new": {"role": "ADMIN", "status": "PENDING"}})]),
        (INVITE, "UPDATE invitations SET email = 'canary@example.com'",
         [("CHANGE_INVITATION", "invitations", {"changed": ["email"]})]),
        (INVITE, "DELETE FROM invitations",
         [("DELETE_INVITATION", "invitations", {"old": {"role": "ADMIN", "status": "PENDING"}})]),
        ("", "UPDATE users SET role = 'USER', bio = 'x', display_name = 'y'" + MINE, []),
        ("", "INSERT INTO users (email) VALUES ('canary@example.com')", []),
        (INVITE, "UPDATE invitations SET status = status", []),
    ],
)  # fmt: skip
def test_a_change_is_told_with_what_changed_and_nothing_else(
    log: Database, prepared: str, statement: str, expected: list[tuple[str, str, dict[str, Any]]]
) -> None:
    with log.connect(Role.OWNER) as conn:
        conn.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as a commit would, and it can be taken back
        conn.execute("INSERT INTO agents (id, name, slug) VALUES (%s, 'A', 'a')", (AGENT,))
        [(ana,)] = conn.execute("INSERT INTO users (email) VALUES ('ana.canary@example.com') RETURNING id").fetchall()
        if prepared:
            conn.execute(prepared.encode(), {"ana": ana})
        conn.execute("CREATE TEMPORARY TABLE before ON COMMIT DROP AS SELECT max(sequence) AS last FROM audit_logs")
        conn.execute(statement.encode(), {"ana": ana})
        new = "FROM audit_logs l, before WHERE sequence > last"
        rows = conn.execute(f"SELECT action, target_type, details {new} ORDER BY sequence".encode()).fetchall()
        whole = conn.execute("SELECT string_agg(l::text, '') FROM audit_logs l").fetchone()
        conn.rollback()
    entries = [
        (action, kind, {key: "ana" if value == str(ana) else value for key, value in (details or {}).items()})
        for action, kind, details in rows
    ]
    assert entries == expected
    assert "@" not in str(whole)
    assert "canary" not in str(whole)
    assert "a" * 64 not in str(whole)


def test_the_target_is_the_row_and_the_time_is_now(db: Database, ana: UUID) -> None:
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE users SET role = 'GUEST' WHERE id = %s", (ana,))
        assert conn.execute("SELECT count(*) FROM audit_logs").fetchone() == (0,)  # not before it is certain
    with db.transaction(Role.OWNER) as conn:
        row = conn.execute("SELECT target_id, now() - timestamp < interval '1 minute' FROM audit_logs").fetchone()
        assert conn.execute("SELECT count(*) FROM audit_pending").fetchone() == (0,)
    assert row == (ana, True)


def test_what_is_rolled_back_was_never_told(db: Database, ana: UUID) -> None:
    with db.connect(Role.OWNER) as conn:
        conn.execute("UPDATE users SET role = 'ADMIN'")
        conn.rollback()
        conn.execute("UPDATE users SET role = 'MANAGER'")
        conn.execute("SAVEPOINT here")
        conn.execute("UPDATE users SET role = 'GUEST'")
        conn.execute("ROLLBACK TO here")
        conn.commit()
    assert [entry[3] for entry in told(db)] == [{"old": {"role": "USER"}, "new": {"role": "MANAGER"}}]


@pytest.mark.parametrize("setting", [None, "", "forged", "a'b\\", "ñ" * 1000])
def test_a_setting_that_is_absent_or_broken_never_breaks_the_write(log: Database, setting: str | None) -> None:
    with log.connect(Role.OWNER) as conn:
        conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
        if setting is not None:
            conn.execute("SELECT set_config('cauce.session_token', %s, true)", (setting,))
            conn.execute("SELECT set_config('cauce.tenant_id', %s, true)", (setting,))
        conn.execute("UPDATE users SET role = 'GUEST'")
        row = conn.execute("SELECT actor, action, admin_id, origin FROM audit_logs ORDER BY sequence DESC").fetchone()
        conn.rollback()
    assert row == ("cauce_owner", "CHANGE_ROLE", None, None)


def test_a_pooled_connection_does_not_remember_who_was_there(db: Database, ana: UUID) -> None:
    session = sign_in_to(db, "ana@example.com")
    for token in (session, None):
        with db.transaction(Role.ADMIN, session_token=token) as conn:
            record(conn, "EXPORT")
    with db.transaction(Role.OWNER) as conn:
        rows = conn.execute("SELECT admin_id FROM audit_logs WHERE action = 'EXPORT' ORDER BY sequence").fetchall()
    assert rows == [(ana,), (None,)]


def test_entries_survive_the_deletion_of_who_did_it_and_whom_it_was_done_to(db: Database, ana: UUID) -> None:
    eva = make_person_in(db, "eva@example.com", role="ADMIN")
    session = sign_in_to(db, "eva@example.com")
    with db.transaction(Role.ADMIN, session_token=session) as conn:
        record(conn, "EXPORT_PERSON", target_type="users", target_id=ana)
    before = end(db)
    with db.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM users")
    assert end(db) == before + 2
    with db.transaction(Role.OWNER) as conn:
        kept = conn.execute("SELECT admin_id, target_id FROM audit_logs WHERE action = 'EXPORT_PERSON'").fetchall()
    assert kept == [(eva, ana)]
    assert verify(db).broken is None


# Sign-in


def test_signing_in_and_out_is_told_with_where_from(db: Database, ana: UUID) -> None:
    token = issue_link(db, "ana@example.com").split("token=")[1]
    session = consume(db, token, ip="192.0.2.7", user_agent="Browser")
    assert session is not None
    revoke(db, session)
    with db.transaction(Role.OWNER) as conn:
        rows = conn.execute(
            "SELECT action, actor, admin_id, host(ip_address), user_agent, target_type, target_id"
            " FROM audit_logs LEFT JOIN audit_origins USING (sequence) ORDER BY sequence"
        ).fetchall()
        [(opened,)] = conn.execute("SELECT id FROM auth_sessions").fetchall()
        whole = conn.execute("SELECT string_agg(l::text, '') FROM audit_logs l").fetchone()
    assert rows == [
        ("ISSUE_LINK", "cauce_signin", None, None, None, "users", ana),
        ("SIGN_IN", "cauce_signin", ana, "192.0.2.7", "Browser", "auth_sessions", opened),
        ("SIGN_OUT", "cauce_user", ana, "192.0.2.7", "Browser", "auth_sessions", opened),
    ]
    assert token not in str(whole)
    assert session not in str(whole)


@pytest.mark.parametrize(
    ("spoil", "known"),
    [
        ("UPDATE verification_tokens SET token = 'other'", False),
        ("UPDATE verification_tokens SET expires = now() - interval '1 second'", True),
        ("UPDATE users SET is_active = false", True),
        ("DELETE FROM users", False),
    ],
)
def test_a_failed_sign_in_is_told_and_answered_like_any_other(db: Database, ana: UUID, spoil: str, known: bool) -> None:
    token = issue_link(db, "ana@example.com").split("token=")[1]
    with db.transaction(Role.OWNER) as conn:
        conn.execute(spoil.encode())
    before = end(db)
    assert consume(db, token, ip="192.0.2.7", user_agent="Browser") is None
    assert told(db, before) == [("FAIL_SIGN_IN", "users", ana if known else None, None)]


def test_links_for_known_and_unknown_addresses_leave_the_same_trace_once_a_minute(db: Database, ana: UUID) -> None:
    with db.transaction(Role.SIGN_IN) as conn:  # one transaction is one moment: the minute does not end within it
        for address, token in (("ana@example.com", "a"), ("ana@example.com", "b"), ("x@y.mx", "c"), ("z@y.mx", "d")):
            conn.execute("SELECT request_sign_in(%s, %s, '1 minute')", (address, token))
    assert told(db) == [("ISSUE_LINK", "users", ana, None), ("ISSUE_LINK", "users", None, None)]


FORGED = "SELECT count(consume_sign_in('x', 'y', '1 h', '1 h', address::inet, NULL)) FROM ({}) AS storm (address)"


@pytest.mark.parametrize(
    ("addresses", "entries"),
    [
        ("SELECT '192.0.2.7' FROM generate_series(1, 500)", 1),
        ("SELECT '2001:db8::' || to_hex(i) FROM generate_series(1, 500) i", 1),  # one network of IPv6
        ("SELECT '10.0.0.' || i FROM generate_series(1, 20) i", 20),
        ("SELECT '10.0.' || i / 250 || '.' || i % 250 FROM generate_series(1, 500) i", 101),
        ("SELECT NULL FROM generate_series(1, 500)", 1),
    ],
)
def test_a_storm_of_forged_links_does_not_fill_the_log(db: Database, addresses: str, entries: int) -> None:
    with db.transaction(Role.SIGN_IN) as conn:
        assert conn.execute(FORGED.format(addresses).encode()).fetchone() == (0,)
    assert len(told(db)) == entries


# Entries from before an address could go


OLD = """
SELECT append_audit('OLD', 'users', %(ana)s, '{"n": 1}', %(ana)s, '192.0.2.7', 'Hers, 3:x');
SELECT append_audit('FAIL_SIGN_IN', 'users', %(ana)s, NULL, NULL, '2001:db8::1', NULL);
SELECT append_audit('FAIL_SIGN_IN', 'users', NULL, NULL, NULL, '192.0.2.7', 'Hers');
SELECT append_audit('OLD', NULL, NULL, NULL);
SELECT append_audit('OLD', NULL, NULL, NULL, %(luis)s, '192.0.2.8', 'His');
"""


@pytest.fixture
def old(db: Database) -> tuple[Database, UUID, UUID]:
    """Five entries of an older release, sealed, in a database that is at the newest revision; Ana and Luis."""
    engine = create_engine(db.url(Role.OWNER, driver="psycopg"), poolclass=NullPool)
    with engine.connect() as connection:
        command.downgrade(migration_config(connection), "plan_names")
        connection.commit()
    people = make_person_in(db, "ana@example.com"), make_person_in(db, "luis@example.com")
    with db.connect(Role.OWNER) as conn:
        psycopg.ClientCursor(conn).execute(OLD, dict(zip(("ana", "luis"), people, strict=True)))
        conn.commit()
        head = conn.execute("SELECT encode(hash, 'hex') FROM audit_heads").fetchone()
    migrate(db)
    assert (seal(db).head,) == head  # what seals and notes elsewhere vouch for is what it was
    return db, *people


WITH_ORIGIN = "SELECT sequence FROM audit_origins ORDER BY 1"


def origins(db: Database) -> list[int]:
    with db.transaction(Role.ADMIN) as conn:
        return [sequence for (sequence,) in conn.execute(WITH_ORIGIN).fetchall()]


def test_old_entries_are_whole_after_the_upgrade_and_after_an_erasure(old: tuple[Database, UUID, UUID]) -> None:
    db, _, _ = old
    assert (verify(db).broken, verify(db).sealed, origins(db)) == (None, 5, [1, 2, 3, 5])
    erase(db, "ana@example.com")
    assert (verify(db).broken, origins(db)) == (None, [5])
    with superuser(db) as conn:
        whole = conn.execute("SELECT string_agg(l::text, '') FROM audit_logs l").fetchone()
    assert not any(word in str(whole) for word in ("192.0.2", "2001:db8", "Hers"))


@pytest.mark.parametrize("erased", [False, True])
@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE audit_logs SET action = 'OTHER' WHERE sequence = 1", 1),
        ("UPDATE audit_logs SET details = NULL WHERE sequence = 1", 1),
        ("UPDATE audit_logs SET origin = sha256('x') WHERE sequence = 4", 4),
        ("INSERT INTO audit_origins (sequence) VALUES (4)", None),  # that nothing was known is what the entry says
        ("INSERT INTO audit_origins (sequence, ip_address) VALUES (4, '192.0.2.9')", 4),
        ("UPDATE audit_origins SET ip_address = '192.0.2.9' WHERE sequence = 5", 5),
        ("UPDATE audit_origins SET salt = sha256('x') WHERE sequence = 5", 5),
        ("DELETE FROM audit_origins WHERE sequence = 5", 5),
    ],
)
def test_an_old_entry_that_is_touched_is_found(
    old: tuple[Database, UUID, UUID], change: str, found: int | None, erased: bool
) -> None:
    db, _, _ = old
    if erased:
        erase(db, "ana@example.com")
    with superuser(db) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute(change.encode())
    broken = verify(db).broken
    assert (broken and (broken.sequence, broken.damage)) == (found and (found, Damage.ALTERED))


def test_what_was_altered_before_an_erasure_is_not_whole_after_it(old: tuple[Database, UUID, UUID]) -> None:
    db, _, _ = old
    with superuser(db) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute("UPDATE audit_logs SET action = 'OTHER' WHERE sequence = 1")
    erase(db, "ana@example.com")
    broken = verify(db).broken
    assert broken is not None
    assert (broken.sequence, broken.damage) == (1, Damage.ALTERED)


def test_who_was_erased_before_leaves_with_the_upgrade(old: tuple[Database, UUID, UUID]) -> None:
    db, ana, _ = old
    engine = create_engine(db.url(Role.OWNER, driver="psycopg"), poolclass=NullPool)
    with engine.connect() as connection:
        command.downgrade(migration_config(connection), "plan_names")
        connection.commit()
    with db.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM users WHERE id = %s", (ana,))
        conn.execute("INSERT INTO erasure_log (pseudonym, status, finished_at) VALUES (%s, 'done', now())", (ana,))
    migrate(db)
    assert (verify(db).broken, verify(db).sealed, origins(db)) == (None, 5, [5])


# Writers at once


def test_eight_writers_that_lock_rows_before_and_after_their_entries_never_deadlock(db: Database) -> None:
    people = sorted(make_person_in(db, f"p{number}@example.com") for number in range(2))
    start = Barrier(8)

    def write(number: int) -> None:
        with db.connect(Role.OWNER) as conn:
            start.wait()
            for turn in range(12):
                if number % 2:  # the entry first, then rows others hold; or rows first, then the entry
                    record(conn, "TURN")
                conn.execute("UPDATE users SET role = %s WHERE id = %s", (("USER", "GUEST")[turn % 2], people[0]))
                conn.execute("UPDATE users SET bio = 'x' WHERE id = %s", (people[1],))
                if not number % 2:
                    record(conn, "TURN")
                if turn % 4 == 3:
                    conn.rollback()
                else:
                    conn.commit()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert sum(entry[0] == "TURN" for entry in told(db)) == 8 * 9
    verdict = verify(db)
    assert (verdict.broken, verdict.entries) == (None, end(db))


def test_an_entry_that_took_its_lock_at_once_would_deadlock(db: Database, ana: UUID) -> None:
    """Shows that the test above could fail: the same two writers, linking at once instead of at their end."""
    with db.connect(Role.OWNER) as first, db.connect(Role.OWNER) as second, ThreadPoolExecutor(1) as pool:
        for conn in (first, second):
            conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
        record(first, "TURN")
        second.execute("UPDATE users SET bio = 'x'")
        waiting = pool.submit(record, second, "TURN")
        outcome: list[BaseException | None] = []
        try:
            first.execute("UPDATE users SET bio = 'y'")
        except errors.DeadlockDetected as error:
            outcome.append(error)
        first.rollback()
        outcome.append(waiting.exception(timeout=10))
    assert any(isinstance(error, errors.DeadlockDetected) for error in outcome)


def test_a_bulk_change_is_linked_in_one_go(db: Database) -> None:
    with db.transaction(Role.OWNER) as conn:
        conn.execute(
            "INSERT INTO users (email, role) SELECT i || '@example.com', 'ADMIN' FROM generate_series(1, 2000) i"
        )
    with db.transaction(Role.OWNER) as conn:
        assert conn.execute("SELECT entries FROM audit_heads").fetchone() == (2000,)
        numbers = conn.execute("SELECT min(sequence), max(sequence), count(*) FROM audit_logs").fetchone()
    assert numbers == (1, 2000, 2000)
    assert verify(db).broken is None
