"""What documents say of their chunks is what their chunks say."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest

from cauce.database import Database, Role
from tests.conftest import make_person_in

KEPT = "SELECT chunk_count, vector_ids, indexed FROM rag_documents ORDER BY title"
CHUNKS = (
    "INSERT INTO document_chunks (user_id, document_id, position, content, token_count, vector_id, embedding_model,"
    " embedding_dimensions) SELECT %(person)s, %(document)s, n, 'x', 1, 'v-' || %(document)s || '-' || n, 'm', 3"
    " FROM unnest(%(positions)s::integer[]) AS n"
)


@pytest.fixture
def ana(db: Database) -> UUID:
    return make_person_in(db, "ana@example.com")


def make(conn: psycopg.Connection, person: UUID, title: str = "x") -> UUID:
    row = conn.execute(
        "INSERT INTO rag_documents (user_id, title, source) VALUES (%s, %s, 'PASTE') RETURNING id", (person, title)
    ).fetchone()
    assert row
    made: UUID = row[0]
    return made


def chunk(conn: psycopg.Connection, person: UUID, document: UUID, *positions: int) -> None:
    conn.execute(CHUNKS.encode(), {"person": person, "document": document, "positions": list(positions)})


def vectors(document: UUID, *positions: int) -> list[str]:
    return [f"v-{document}-{n}" for n in positions]


def test_a_document_counts_its_chunks_and_knows_their_vectors_in_order(db: Database, ana: UUID) -> None:
    with db.transaction(Role.OWNER) as conn:
        a, b = make(conn, ana, "a"), make(conn, ana, "b")
        chunk(conn, ana, a, 2, 0, 1)
        chunk(conn, ana, b, 0)
        conn.execute("UPDATE rag_documents SET indexed = true")
        assert conn.execute(KEPT).fetchall() == [(3, vectors(a, 0, 1, 2), True), (1, vectors(b, 0), True)]
        conn.execute("UPDATE document_chunks SET document_id = %s, position = 5 WHERE vector_id = %s", (a, f"v-{b}-0"))
        assert conn.execute(KEPT).fetchall() == [(4, [*vectors(a, 0, 1, 2), f"v-{b}-0"], True), (0, [], False)]
        conn.execute("DELETE FROM document_chunks WHERE position IN (0, 5)")
        assert conn.execute(KEPT).fetchall() == [(2, vectors(a, 1, 2), True), (0, [], False)]


def test_a_chunk_without_a_vector_makes_its_document_unindexed(db: Database, ana: UUID) -> None:
    with db.transaction(Role.OWNER) as conn:
        document = make(conn, ana)
        chunk(conn, ana, document, 0)
        conn.execute("UPDATE rag_documents SET indexed = true")
        conn.execute(
            "INSERT INTO document_chunks (user_id, document_id, position, content, token_count) VALUES (%s, %s, 1, 'x', 1)",
            (ana, document),
        )
        assert conn.execute(KEPT).fetchall() == [(2, vectors(document, 0), False)]


def test_four_writers_of_one_document_neither_deadlock_nor_miscount(db: Database, ana: UUID) -> None:
    with db.transaction(Role.OWNER) as conn:
        documents = [make(conn, ana, title) for title in "ab"]

    def write(worker: int) -> None:
        with db.connect(Role.OWNER) as conn:
            for turn in range(10):
                for document in documents:
                    chunk(conn, ana, document, worker * 10 + turn)
                conn.commit()

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(write, worker) for worker in range(4)]:
            future.result()
    with db.transaction(Role.OWNER) as conn:
        assert conn.execute(KEPT).fetchall() == [(40, vectors(d, *range(40)), False) for d in documents]


def test_recount_repairs_what_was_meddled_with(db: Database, ana: UUID) -> None:
    with db.transaction(Role.OWNER) as conn:
        document = make(conn, ana)
        chunk(conn, ana, document, 0, 1)
        conn.execute("UPDATE rag_documents SET chunk_count = 9, vector_ids = '{z}'")
        conn.execute("SELECT recount_documents(ARRAY[%s::uuid], ARRAY[%s::uuid])", (ana, document))
        assert conn.execute(KEPT).fetchall() == [(2, vectors(document, 0, 1), False)]


def test_everybody_reads_the_documents_of_the_system(db: Database, ana: UUID) -> None:
    with db.transaction(Role.ADMIN) as conn:
        conn.execute("INSERT INTO system_documents (title) VALUES ('Ayuda')")
    with db.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM users")
    with db.transaction(Role.USER) as conn:
        assert conn.execute("SELECT title FROM system_documents").fetchall() == [("Ayuda",)]
