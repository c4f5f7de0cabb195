"""The audit log: writing an entry."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb


def record(
    conn: psycopg.Connection,
    action: str,
    *,
    target_type: str | None = None,
    target_id: UUID | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write an entry in the transaction it tells of: it is in the log when that commits, and never was when it does not.

    `action` is capitals such as `EXPORT_PERSON`; `details` hold neither secrets nor e-mail addresses nor names: nothing
    is ever taken out of the log. Who did it is the person of the transaction's session, if any, and its role.
    """
    conn.execute(
        "SELECT record_audit(%s, %s, %s, %s)",
        (action, target_type, target_id, None if details is None else Jsonb(dict(details))),
    )
