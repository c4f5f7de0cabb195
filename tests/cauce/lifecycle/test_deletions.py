"""What a row pointed at is listed for its store once nothing does: after a deletion, a change, an erasure, a purge."""

from uuid import UUID

import pytest

from cauce.database import Database, Role
from cauce.lifecycle import retention
from cauce.lifecycle.deletions import done, pending
from cauce.lifecycle.erase import erase
from tests.conftest import make_person_in
from tests.migrations.rows import fill


@pytest.fixture
def ana(db: Database) -> UUID:
    """A chunk, a file with a thumbnail and an artifact, each with something in a store."""
    person = make_person_in(db)
    with db.transaction(Role.OWNER) as conn:
        fill(conn, person)
        conn.execute("UPDATE document_chunks SET vector_id = 'v-first'")
        conn.execute("UPDATE storage_files SET storage_path = 'ana/x.pdf', thumbnail_path = 'ana/x.png'")
        conn.execute("UPDATE artifacts SET blob_url = 'https://blobs.example/a', blob_size = 1")
        conn.execute("DELETE FROM vector_deletions")
        conn.execute("DELETE FROM blob_deletions")
    return person


def change(db: Database, *statements: str) -> list[str]:
    """Do something to rows; gives what is listed then."""
    with db.transaction(Role.OWNER) as conn:
        for statement in statements:
            assert conn.execute(statement.encode()).rowcount > 0, statement
    return listed(db)


def listed(db: Database) -> list[str]:
    return sorted(f"{one.kind} {one.provider} {one.location}" for one in pending(db))


def test_what_was_replaced_and_what_goes_with_its_person_is_listed_until_it_is_done(db: Database, ana: UUID) -> None:
    replaced = change(
        db,
        "UPDATE document_chunks SET vector_id = 'v-second'",
        "UPDATE storage_files SET storage_path = 'ana/y.pdf', original_name = 'y.pdf'",
        "UPDATE storage_files SET is_processed = true",
        "UPDATE artifacts SET blob_url = 'https://blobs.example/b'",
    )
    first = ["blob None https://blobs.example/a", "blob VERCEL_BLOB ana/x.pdf", "vector None v-first"]
    assert replaced == first
    erase(db, "ana@example.com")
    assert listed(db) == sorted(
        [
            *first,
            "blob None https://blobs.example/b",
            "blob VERCEL_BLOB ana/x.png",
            "blob VERCEL_BLOB ana/y.pdf",
            "vector None v-second",
        ]
    )
    assert done(db, [one.id for one in pending(db) if one.kind == "blob"]) == 5
    assert listed(db) == ["vector None v-first", "vector None v-second"]
    assert done(db, [one.id for one in pending(db)]) == 2


def test_what_is_cleared_or_moved_to_another_store_is_listed(db: Database, ana: UUID) -> None:
    assert change(
        db,
        "UPDATE document_chunks SET vector_id = NULL, embedding_model = NULL, embedding_dimensions = NULL",
        "UPDATE storage_files SET thumbnail_path = NULL",
        "UPDATE artifacts SET blob_url = NULL, blob_size = NULL",
    ) == ["blob None https://blobs.example/a", "blob VERCEL_BLOB ana/x.png", "vector None v-first"]
    moved = change(db, "UPDATE storage_files SET storage_provider = 'LOCAL'")
    assert "blob VERCEL_BLOB ana/x.pdf" in moved
    assert "blob VERCEL_BLOB ana/x.pdf" not in change(db, "UPDATE storage_files SET storage_provider = 'VERCEL_BLOB'")


def test_the_purge_of_what_was_deleted_lists_it(db: Database, ana: UUID) -> None:
    long_ago = "deleted_at = now() - interval '31 days', created_at = now() - interval '60 days'"
    assert change(db, f"UPDATE storage_files SET {long_ago}", f"UPDATE artifacts SET {long_ago}") == []
    retention.run(db)
    assert listed(db) == [
        "blob None https://blobs.example/a",
        "blob VERCEL_BLOB ana/x.pdf",
        "blob VERCEL_BLOB ana/x.png",
    ]


def test_what_another_row_points_at_is_not_listed(db: Database, ana: UUID) -> None:
    """A version that shares its bytes with the next, and a vector that goes to another chunk."""
    assert change(
        db,
        "INSERT INTO artifacts (user_id, agent_id, name, type, content, blob_url, blob_size)"
        " SELECT user_id, agent_id, name, type, content, blob_url, blob_size FROM artifacts",
        "DELETE FROM artifacts WHERE share_token IS NOT NULL",
        "UPDATE document_chunks SET vector_id = 'v-second'",
        "UPDATE document_chunks SET vector_id = 'v-first'",
    ) == ["vector None v-second"]
    assert change(db, "DELETE FROM artifacts") == ["blob None https://blobs.example/a", "vector None v-second"]
    assert done(db, [one.id for one in pending(db) if one.kind == "blob"]) == 2
