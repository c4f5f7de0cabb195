"""The tree of folders, what quotas count and refuse, who opened what, and shares."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors

from cauce.database import Database, Role
from tests.conftest import make_person_in, sign_in_to

PEOPLE = ("ana@example.com", "luis@example.com")
MIB = 1024 * 1024
PATHS = "SELECT path FROM storage_folders WHERE user_id = %s AND deleted_at IS NULL ORDER BY path"
FILES = (
    "INSERT INTO storage_files (user_id, filename, original_name, storage_path, mime_type, size, checksum, usage_context)"
    " SELECT p, 'x', 'x', 'x', 'text/plain', s, repeat('0', 64), c FROM unnest(%s::uuid[], %s::bigint[], %s::text[]) AS f (p, s, c)"
)
COUNTED = (
    "SELECT q.user_id, q.used_storage, q.file_count, q.usage_breakdown FROM storage_quotas q"
    " JOIN users u ON u.id = q.user_id WHERE u.email = ANY (%s) ORDER BY 1"
)
RECOUNT = """
WITH live AS (
  SELECT f.user_id, f.usage_context, f.size FROM storage_files f WHERE f.deleted_at IS NULL
),
contexts AS (
  SELECT user_id, jsonb_object_agg(usage_context, bytes) AS breakdown
  FROM (SELECT user_id, usage_context, sum(size) AS bytes FROM live GROUP BY 1, 2 HAVING sum(size) > 0) c
  GROUP BY 1
)
SELECT q.user_id, coalesce(sum(live.size), 0)::bigint, count(live.user_id), coalesce(contexts.breakdown, '{}')
FROM storage_quotas q
JOIN users u ON u.id = q.user_id
LEFT JOIN live USING (user_id)
LEFT JOIN contexts USING (user_id)
WHERE u.email = ANY (%s)
GROUP BY q.user_id, contexts.breakdown ORDER BY 1
"""


@pytest.fixture(scope="module")
def people(shared_db: Database) -> list[UUID]:
    return [make_person_in(shared_db, email) for email in PEOPLE]


@pytest.fixture
def conn(shared_db: Database, people: list[UUID]) -> Iterator[psycopg.Connection]:
    """The owner's connection; nothing of the test stays."""
    with shared_db.connect(Role.OWNER) as conn:
        yield conn
        conn.rollback()


def folder(conn: psycopg.Connection, person: UUID, name: str, parent: UUID | None = None) -> UUID:
    row = conn.execute(
        "INSERT INTO storage_folders (user_id, name, parent_id) VALUES (%s, %s, %s) RETURNING id",
        (person, name, parent),
    ).fetchone()
    assert row
    made: UUID = row[0]
    return made


def paths(conn: psycopg.Connection, person: UUID) -> list[str]:
    return [row[0] for row in conn.execute(PATHS, (person,)).fetchall()]


def put(conn: psycopg.Connection, *files: tuple[UUID, int, str]) -> None:
    conn.execute(FILES.encode(), tuple(list(column) for column in zip(*files, strict=True)))


def assert_counted(conn: psycopg.Connection, *emails: str) -> None:
    counted = conn.execute(COUNTED, (list(emails or PEOPLE),)).fetchall()
    assert counted == conn.execute(RECOUNT, (list(emails or PEOPLE),)).fetchall()


def test_moves_and_renames_change_the_paths_of_all_that_lies_under(
    conn: psycopg.Connection, people: list[UUID]
) -> None:
    ana, luis = people
    docs = folder(conn, ana, "docs")
    health = folder(conn, ana, "salud", docs)
    folder(conn, ana, "2026", health)
    folder(conn, ana, "documentos")  # begins as the one that is renamed
    folder(conn, luis, "docs")
    assert paths(conn, ana) == ["/docs", "/docs/salud", "/docs/salud/2026", "/documentos"]
    conn.execute("UPDATE storage_folders SET name = 'papeles' WHERE id = %s", (docs,))
    assert paths(conn, ana) == ["/documentos", "/papeles", "/papeles/salud", "/papeles/salud/2026"]
    conn.execute("UPDATE storage_folders SET parent_id = NULL WHERE id = %s", (health,))
    assert paths(conn, ana) == ["/documentos", "/papeles", "/salud", "/salud/2026"]
    conn.execute("UPDATE storage_folders SET parent_id = %s, name = 'x' WHERE id = %s", (health, docs))
    assert paths(conn, ana) == ["/documentos", "/salud", "/salud/2026", "/salud/x"]
    assert paths(conn, luis) == ["/docs"]


def test_a_path_is_never_what_somebody_writes(conn: psycopg.Connection, people: list[UUID]) -> None:
    made = folder(conn, people[0], "docs")
    conn.execute("UPDATE storage_folders SET path = '/etc' WHERE id = %s", (made,))
    assert paths(conn, people[0]) == ["/docs"]


def test_one_statement_may_rename_parent_and_child(conn: psycopg.Connection, people: list[UUID]) -> None:
    ana = people[0]
    top = folder(conn, ana, "a")
    child = folder(conn, ana, "b", top)
    folder(conn, ana, "c", child)
    conn.execute("UPDATE storage_folders SET name = name || '1' WHERE user_id = %s", (ana,))
    assert paths(conn, ana) == ["/a1", "/a1/b1", "/a1/b1/c1"]


@pytest.mark.parametrize("under", ["a", "b", "c"])
def test_a_folder_cannot_lie_within_itself(conn: psycopg.Connection, people: list[UUID], under: str) -> None:
    chain: dict[str, UUID] = {}
    for name, parent in (("a", None), ("b", "a"), ("c", "b")):
        chain[name] = folder(conn, people[0], name, chain.get(parent or ""))
    with pytest.raises(errors.CheckViolation, match="cannot lie within itself"):
        conn.execute("UPDATE storage_folders SET parent_id = %s WHERE id = %s", (chain[under], chain["a"]))


def test_two_moves_at_once_do_not_close_a_circle(db: Database) -> None:
    ana = make_person_in(db, "ana@example.com")
    token = sign_in_to(db, "ana@example.com")
    with db.transaction(Role.OWNER) as conn:
        a, b = folder(conn, ana, "a"), folder(conn, ana, "b")

    def move(what: UUID, into: UUID) -> None:
        with db.transaction(Role.USER, session_token=token) as conn:
            conn.execute("UPDATE storage_folders SET parent_id = %s WHERE id = %s", (into, what))

    with ThreadPoolExecutor(1) as pool:
        with db.transaction(Role.USER, session_token=token) as conn:
            conn.execute("UPDATE storage_folders SET parent_id = %s WHERE id = %s", (b, a))
            second = pool.submit(move, b, a)
        with pytest.raises(errors.CheckViolation, match="cannot lie within itself"):
            second.result(timeout=30)
    with db.transaction(Role.OWNER) as conn:
        assert paths(conn, ana) == ["/b", "/b/a"]


def test_moves_of_one_tree_by_four_at_once_neither_deadlock_nor_leave_a_wrong_path(db: Database) -> None:
    ana = make_person_in(db, "ana@example.com")
    token = sign_in_to(db, "ana@example.com")
    with db.transaction(Role.OWNER) as conn:
        tree = [folder(conn, ana, "0")]
        for n in range(1, 6):
            tree.append(folder(conn, ana, str(n), tree[-1]))

    def rename(worker: int) -> None:
        for turn in range(8):
            with db.transaction(Role.USER, session_token=token) as conn:
                conn.execute(
                    "UPDATE storage_folders SET name = %s WHERE id = %s",
                    (f"{worker}-{turn}", tree[(worker + turn) % len(tree)]),
                )

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(rename, worker) for worker in range(4)]:
            future.result(timeout=60)
    with db.transaction(Role.OWNER) as conn:
        before = paths(conn, ana)
        conn.execute("UPDATE storage_folders SET path = ''")
        assert paths(conn, ana) == before


def test_a_deleted_folder_takes_along_what_is_in_it_and_brings_just_that_back(
    conn: psycopg.Connection, people: list[UUID]
) -> None:
    ana = people[0]
    docs = folder(conn, ana, "docs")
    health = folder(conn, ana, "salud", docs)
    gone = folder(conn, ana, "viejo", docs)
    put(conn, (ana, 5, "HEALTH"), (ana, 7, "OTHER"))
    conn.execute("UPDATE storage_files SET folder_id = %s WHERE size = 5", (health,))
    conn.execute("UPDATE storage_folders SET deleted_at = now() - interval '0 s' WHERE id = %s", (gone,))
    later = "clock_timestamp() + interval '1 minute'"
    conn.execute(f"UPDATE storage_folders SET deleted_at = {later} WHERE id = %s".encode(), (docs,))
    assert paths(conn, ana) == []
    assert conn.execute("SELECT size FROM storage_files WHERE deleted_at IS NULL").fetchall() == [(7,)]
    assert_counted(conn)
    again = folder(conn, ana, "docs")
    conn.execute("DELETE FROM storage_folders WHERE id = %s", (again,))
    conn.execute("UPDATE storage_folders SET deleted_at = NULL WHERE id = %s", (docs,))
    assert paths(conn, ana) == ["/docs", "/docs/salud"]
    assert conn.execute("SELECT count(*) FROM storage_files WHERE deleted_at IS NULL").fetchone() == (2,)
    assert_counted(conn)


sizes = st.tuples(st.integers(0, 1), st.integers(0, 5000), st.sampled_from(["HEALTH", "THEME", "OTHER"]))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.lists(sizes, min_size=1, max_size=6)),
        st.tuples(st.sampled_from(["delete", "trash", "recover", "grow", "move", "rename"]), st.integers(1, 4)),
    ),
    max_size=10,
)
CHANGES = {
    "delete": "DELETE FROM storage_files",
    "trash": "UPDATE storage_files SET deleted_at = now()",
    "recover": "UPDATE storage_files SET deleted_at = NULL",
    "grow": "UPDATE storage_files SET size = size + 1",
    "move": "UPDATE storage_files SET usage_context = 'FINANCE'",
    "rename": "UPDATE storage_files SET filename = 'y'",
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_quotas_equal_a_recount_after_any_history(
    shared_db: Database, people: list[UUID], steps: list[tuple[str, object]]
) -> None:
    with shared_db.connect(Role.OWNER) as conn:
        for kind, what in steps:
            if isinstance(what, list):
                put(conn, *((people[who], size, context) for who, size, context in what))
            else:
                conn.execute(f"{CHANGES[kind]} WHERE size %% %s = 0".encode(), (what,))
            assert_counted(conn)
        conn.rollback()


def test_four_writers_neither_deadlock_nor_miscount(db: Database) -> None:
    people = [make_person_in(db, email) for email in PEOPLE]

    def write(worker: int) -> None:
        order = people if worker % 2 else people[::-1]
        with db.connect(Role.OWNER) as conn:
            for turn in range(10):
                put(conn, *((person, turn, "OTHER") for person in order))
                if turn % 3 == 0:
                    conn.execute(
                        "UPDATE storage_files SET deleted_at = now() WHERE size = %s AND deleted_at IS NULL", (worker,)
                    )
                conn.commit()

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(write, worker) for worker in range(4)]:
            future.result(timeout=60)
    with db.transaction(Role.OWNER) as conn:
        assert conn.execute("SELECT count(*) FROM storage_files").fetchone() == (4 * 10 * 2,)
        assert_counted(conn)


def test_recount_repairs_what_was_meddled_with(conn: psycopg.Connection, people: list[UUID]) -> None:
    put(conn, (people[0], 5, "HEALTH"), (people[1], 7, "OTHER"))
    conn.execute("UPDATE storage_quotas SET used_storage = 1, file_count = 9, usage_breakdown = '{\"THEME\": 3}'")
    conn.execute("SELECT recount_storage(%s)", (people,))
    assert_counted(conn)


def test_the_quota_is_the_plans_and_follows_the_tier(conn: psycopg.Connection, people: list[UUID]) -> None:
    ana = people[0]
    limits = "SELECT subscription_tier, max_storage / 1048576, max_files FROM storage_quotas WHERE user_id = %s"
    put(conn, (ana, 5, "OTHER"))
    assert conn.execute(limits, (ana,)).fetchone() == ("FREE", 100, 100)
    conn.execute("UPDATE users SET subscription_tier = 'PRO' WHERE id = %s", (ana,))
    assert conn.execute(limits, (ana,)).fetchone() == ("PRO", 10240, 10000)
    conn.execute("UPDATE users SET subscription_tier = 'CUSTOM' WHERE id = %s", (ana,))
    assert conn.execute(limits, (ana,)).fetchone() == ("CUSTOM", 10240, 10000)
    conn.execute("UPDATE users SET subscription_tier = 'UNLIMITED' WHERE id = %s", (ana,))
    put(conn, (ana, 2_000_000 * MIB, "BACKUP"))
    assert_counted(conn)


def test_over_the_quota_nothing_is_added_but_all_else_goes_on(conn: psycopg.Connection, people: list[UUID]) -> None:
    ana = people[0]
    put(conn, *[(ana, 10 * MIB, "OTHER")] * 10)
    conn.execute("UPDATE storage_quotas SET max_storage = 1, max_files = 1, max_file_size = 1")
    for statement in (
        "UPDATE storage_files SET filename = 'y'",
        "UPDATE storage_files SET size = size - 1",
        "UPDATE storage_files SET deleted_at = now() WHERE id = (SELECT min(id::text)::uuid FROM storage_files)",
    ):
        assert conn.execute(statement.encode()).rowcount > 0
    assert_counted(conn)
    with pytest.raises(errors.CheckViolation, match="as many files as there may be"), conn.transaction():
        conn.execute("UPDATE storage_files SET deleted_at = NULL")
    with pytest.raises(errors.CheckViolation, match="larger than one file may be"), conn.transaction():
        put(conn, (ana, 2, "OTHER"))
    assert_counted(conn)


def test_a_quota_that_an_admin_changes_is_in_the_audit_log(shared_db: Database, people: list[UUID]) -> None:
    with shared_db.transaction(Role.OWNER) as conn:
        put(conn, (people[0], 5, "OTHER"))
    with shared_db.transaction(Role.ADMIN) as conn:
        conn.execute("UPDATE storage_quotas SET max_files = 5 WHERE user_id = %s", (people[0],))
    with shared_db.transaction(Role.OWNER) as conn:
        told = conn.execute("SELECT details -> 'new' FROM audit_logs WHERE action = 'UPDATE_QUOTA'").fetchall()
        conn.execute("DELETE FROM storage_files")
    assert told == [({"max_files": 5},)]


def test_the_access_log_outlives_the_file(conn: psycopg.Connection, people: list[UUID]) -> None:
    put(conn, (people[0], 5, "HEALTH"))
    conn.execute(
        "INSERT INTO file_access_logs (user_id, file_id, action) SELECT user_id, id, 'VIEW' FROM storage_files"
    )
    conn.execute("DELETE FROM storage_files")
    assert conn.execute("SELECT user_id, action FROM file_access_logs").fetchall() == [(people[0], "VIEW")]


@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN, Role.INGEST])
@pytest.mark.parametrize("change", ["UPDATE file_access_logs SET action = 'VIEW'", "DELETE FROM file_access_logs"])
def test_nobody_changes_the_access_log(shared_db: Database, people: list[UUID], role: Role, change: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege), shared_db.transaction(role) as conn:
        conn.execute(change.encode())


def test_an_admin_sees_sizes_without_names_and_nothing_of_health_or_finance(
    shared_db: Database, people: list[UUID]
) -> None:
    with shared_db.transaction(Role.OWNER) as conn:
        put(conn, *((people[0], 1, context) for context in ("HEALTH", "FINANCE", "THEME")))
    with shared_db.transaction(Role.ADMIN) as conn:
        assert conn.execute("SELECT usage_context, size FROM storage_files").fetchall() == [("THEME", 1)]
        assert conn.execute("SELECT file_count FROM storage_quotas WHERE user_id = %s", (people[0],)).fetchone() == (3,)
    for secret in (
        "filename FROM storage_files",
        "usage_breakdown FROM storage_quotas",
        "share_token FROM file_shares",
    ):
        with pytest.raises(errors.InsufficientPrivilege), shared_db.transaction(Role.ADMIN) as conn:
            conn.execute(f"SELECT {secret}".encode())
    with shared_db.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM storage_files")
