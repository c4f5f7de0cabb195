"""What stores outside the database have to delete: vectors and files that no row points at any more.

Triggers note what a row pointed at when it goes or changes. Whoever keeps a store deletes what is listed and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cauce.database import Database, Role

# What a row points at, again or still, is not to be deleted: versions of an artifact may share their bytes.
_PENDING = """
SELECT v.id, 'vector', NULL, v.vector_id, v.created_at FROM vector_deletions v
WHERE NOT EXISTS (SELECT FROM document_chunks c WHERE c.vector_id = v.vector_id)
UNION ALL
SELECT DISTINCT ON (b.location, b.provider) b.id, 'blob', b.provider, b.location, b.created_at FROM blob_deletions b
WHERE NOT EXISTS (SELECT FROM storage_files f
    WHERE f.storage_path = b.location AND f.storage_provider = coalesce(b.provider, f.storage_provider))
  AND NOT EXISTS (SELECT FROM storage_files f
    WHERE f.thumbnail_path = b.location AND f.storage_provider = coalesce(b.provider, f.storage_provider))
  AND NOT EXISTS (SELECT FROM artifacts a WHERE a.blob_url = b.location)
ORDER BY 5, 1
"""
_DONE = (
    "DELETE FROM vector_deletions WHERE id = ANY(%(ids)s)",
    """
DELETE FROM blob_deletions b USING blob_deletions d
WHERE d.id = ANY(%(ids)s) AND b.location = d.location AND b.provider IS NOT DISTINCT FROM d.provider
""",
)


@dataclass(frozen=True, slots=True)
class Deletion:
    """Something a store has to delete: `kind` is `vector` or `blob`, `location` its id or where it is.

    `provider` is None for vectors, and where the location is a whole address.
    """

    id: UUID
    kind: str
    provider: str | None
    location: str
    noted_at: datetime


def pending(database: Database) -> list[Deletion]:
    """What is to be deleted and nothing points at, the oldest first."""
    with database.transaction(Role.OWNER) as conn:
        return [Deletion(*row) for row in conn.execute(_PENDING).fetchall()]


def done(database: Database, ids: Sequence[UUID]) -> int:
    """Take off the list what its store has deleted, and out of the table's file; gives how many entries that were."""
    with database.connect(Role.OWNER, autocommit=True) as conn:
        gone = sum(conn.execute(statement, {"ids": list(ids)}).rowcount for statement in _DONE)
        conn.execute("VACUUM vector_deletions, blob_deletions")
    return gone
