"""Versions of artifacts, their shares, and the search for their words."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest
from psycopg import errors

from cauce.database import Database, Role
from tests.conftest import make_person_in, sign_in_to

INSERT = (
    "INSERT INTO artifacts (user_id, agent_id, name, type, content, parent_id, version, language)"
    " VALUES (%(person)s, (SELECT id FROM agents), %(name)s, 'MARKDOWN', %(content)s, %(parent)s, %(version)s, %(language)s)"
    " RETURNING id"
)
FIND = (
    "SELECT name FROM artifacts WHERE search @@ websearch_to_tsquery("
    "CASE language WHEN 'en' THEN 'english'::regconfig ELSE 'spanish'::regconfig END, %s) ORDER BY name"
)


def make(
    conn: psycopg.Connection,
    person: UUID,
    *,
    name: str = "x",
    content: str = "x",
    parent: UUID | None = None,
    version: int = 1,
    language: str | None = None,
) -> UUID:
    values = {"person": person, "name": name, "content": content, "parent": parent, "version": version}
    row = conn.execute(INSERT.encode(), {**values, "language": language}).fetchone()
    assert row
    made: UUID = row[0]
    return made


def chain(conn: psycopg.Connection, person: UUID, length: int) -> list[UUID]:
    versions = [make(conn, person)]
    for version in range(2, length + 1):
        versions.append(make(conn, person, parent=versions[-1], version=version))
    return versions


@pytest.fixture
def ana(db: Database) -> UUID:
    with db.transaction(Role.OWNER) as conn:
        conn.execute("INSERT INTO agents (name, slug) VALUES ('A', 'a')")
    return make_person_in(db, "ana@example.com")


@pytest.mark.parametrize(
    "circle",
    [
        "UPDATE artifacts SET parent_id = id WHERE id = %(first)s",
        "UPDATE artifacts SET parent_id = %(last)s WHERE id = %(first)s",
        "UPDATE artifacts SET parent_id = %(last)s, version = version + 3 WHERE id = %(first)s",
        "UPDATE artifacts SET version = version + 1 WHERE id = %(middle)s",
    ],
)
def test_versions_are_no_circle_and_skip_none(db: Database, ana: UUID, circle: str) -> None:
    with db.transaction(Role.OWNER) as conn:
        first, middle, last = chain(conn, ana, 3)
    with (
        pytest.raises(errors.ForeignKeyViolation, match="fk_artifacts_parent_version"),
        db.transaction(Role.OWNER) as conn,
    ):
        conn.execute(circle.encode(), {"first": first, "middle": middle, "last": last})


def test_two_moves_at_once_do_not_close_a_circle(db: Database, ana: UUID) -> None:
    """Each gives its row the number that would make it right alone; the second waits for the first, and is refused."""
    with db.transaction(Role.OWNER) as conn:
        a, b = make(conn, ana), make(conn, ana, version=2)

    def move(artifact: UUID, parent: UUID, version: int) -> None:
        with db.transaction(Role.OWNER) as conn:
            conn.execute("UPDATE artifacts SET parent_id = %s, version = %s WHERE id = %s", (parent, version, artifact))

    with ThreadPoolExecutor(1) as pool:
        with db.transaction(Role.OWNER) as conn:
            conn.execute("UPDATE artifacts SET parent_id = %s WHERE id = %s", (a, b))
            second = pool.submit(move, a, b, 3)
        with pytest.raises(errors.ForeignKeyViolation, match="fk_artifacts_parent_version"):
            second.result(timeout=30)


def test_a_purged_version_leaves_those_after_it(db: Database, ana: UUID) -> None:
    with db.transaction(Role.OWNER) as conn:
        first, middle, last = chain(conn, ana, 3)
        conn.execute("DELETE FROM artifacts WHERE id = %s", (middle,))
    with db.transaction(Role.OWNER) as conn:
        left = conn.execute("SELECT id, parent_id, version FROM artifacts ORDER BY version").fetchall()
    assert left == [(first, None, 1), (last, None, 3)]


def test_an_agent_that_made_something_stays(db: Database, ana: UUID) -> None:
    with db.transaction(Role.OWNER) as conn:
        make(conn, ana)
    with pytest.raises(psycopg.IntegrityError, match="artifacts"), db.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM agents")


def test_a_share_is_found_by_its_token_until_it_ends(db: Database, ana: UUID) -> None:
    shared = "SELECT user_id, artifact_id FROM artifact_share_lookup WHERE share_token = %s"
    change = "UPDATE artifacts SET share_token = %s, share_expires_at = now() + interval '1 day' * %s"
    with db.transaction(Role.OWNER) as conn:
        artifact = make(conn, ana)
        for token in ("a" * 64, "b" * 64):
            conn.execute(change.encode(), (token, 1))
            assert conn.execute(shared.encode(), (token,)).fetchall() == [(ana, artifact)]
        assert conn.execute(shared.encode(), ("a" * 64,)).fetchall() == []
        conn.execute(change.encode(), (None, None))
        assert conn.execute("SELECT count(*) FROM artifact_share_lookup").fetchone() == (0,)


@pytest.mark.parametrize(
    ("language", "content", "asked", "other"),
    [
        ("es", "Facturas pendientes de marzo", "factura", "marcha"),
        ("es", "Presión arterial del señor Núñez", "presion", "prision"),
        ("en", "Running budgets for three categories", "category run", "categoria"),
    ],
)
def test_words_are_found_by_their_stem(
    db: Database, ana: UUID, language: str, content: str, asked: str, other: str
) -> None:
    with db.transaction(Role.OWNER) as conn:
        make(conn, ana, name="it", content=content, language=language)
        make(conn, ana, name="another", content="nada", language=language)
    with db.transaction(Role.USER, session_token=sign_in_to(db, "ana@example.com")) as conn:
        assert conn.execute(FIND.encode(), (asked,)).fetchall() == [("it",)]
        assert conn.execute(FIND.encode(), (other,)).fetchall() == []


def test_the_language_is_the_persons_when_none_is_given(db: Database, ana: UUID) -> None:
    ben = make_person_in(db, "ben@example.com", language="en")
    with db.transaction(Role.OWNER) as conn:
        for person in (ana, ben):
            make(conn, person)
        make(conn, ana, language="en")
        found = conn.execute("SELECT user_id, language FROM artifacts ORDER BY id").fetchall()
    assert found == [(ana, "es"), (ben, "en"), (ana, "en")]


LETTERS = [chr(0x1D400 + n) for n in range(50)]
LONG = {
    "two megabytes of different words": " ".join(f"palabra{n}" for n in range(150_000)),
    "one word without end": "x" * 2_000_000,
    "letters of four bytes": "-".join(a + b + c for a in LETTERS for b in LETTERS for c in LETTERS),
    "addresses": " ".join(f"https://a{n}.example.com/b{n}?c={n}" for n in range(60_000)),
}


@pytest.mark.parametrize("text", sorted(LONG))
def test_a_long_content_can_be_inserted_and_its_beginning_found(db: Database, ana: UUID, text: str) -> None:
    content = "Facturas " + LONG[text]
    assert len(content.encode()) > 1_500_000
    with db.transaction(Role.OWNER) as conn:
        make(conn, ana, name="long", content=content)
        assert conn.execute(FIND.encode(), ("factura",)).fetchall() == [("long",)]


def test_an_index_of_words_would_be_used_by_no_person(db: Database, ana: UUID) -> None:
    """Why there is none: their rows are found first, and no operator that might tell of other rows is asked before."""
    with db.transaction(Role.OWNER) as conn:
        make(conn, ana)
    with db.transaction(Role.OWNER) as conn:
        conn.execute("CREATE INDEX words ON artifacts USING gin (search)")
    token = sign_in_to(db, "ana@example.com")
    for role, used in ((Role.OWNER, True), (Role.USER, False)):
        with db.transaction(role, session_token=token) as conn:
            conn.execute("SET LOCAL enable_seqscan = off")
            conn.execute("SET LOCAL enable_indexscan = off")
            plan = conn.execute("EXPLAIN SELECT id FROM artifacts WHERE search @@ 'x'::tsquery").fetchall()
        assert ("on words" in str(plan)) is used
