"""The candidate: marts that are built but not yet read by anybody, and the passport they carry.

The passport is the comment of the candidate's schema. It is written when a build has ended well and dies with the
schema, so a candidate without one is unfinished; it moves with the schema when that becomes `marts`.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

CANDIDATE = "marts_candidate"
MARTS = "marts"
RETIRED = "marts_retired_"
"""Prefix of schemas that were `marts` until a publication replaced them."""

CONTENT = """
SELECT coalesce(md5(string_agg(c.relname || ':' || c.relfilenode, ',' ORDER BY c.relname)), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind = 'r'
"""


@dataclass(frozen=True, slots=True)
class Audit:
    """What the checks of one candidate found; `failures` name mart, column and a count, never a value of a row."""

    passed: int
    failed: int
    warnings: int
    failures: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What was built, from which input, as of when, with which code; and its audit once it had one.

    `content` changes when any of its tables is made anew, so that an audit cannot speak for other tables.
    """

    id: str
    fingerprint: str
    as_of: datetime
    code_version: str
    content: str
    audit: Audit | None = None

    def audited(self, audit: Audit | None) -> "Candidate":
        """The same candidate with the result of its audit, or without one."""
        return replace(self, audit=audit)


def content_of(conn: psycopg.Connection, schema: str) -> str:
    """Which tables the schema holds right now, as a digest of their names and files."""
    row = conn.execute(CONTENT, (schema,)).fetchone()
    return str(row[0]) if row else ""


def read_candidate(conn: psycopg.Connection, schema: str = CANDIDATE) -> Candidate | None:
    """The passport of a schema; None when there is no such schema or its build never ended well."""
    row = conn.execute("SELECT obj_description(to_regnamespace(%s), 'pg_namespace')", (schema,)).fetchone()
    try:
        known = json.loads(row[0]) if row and row[0] else None
    except json.JSONDecodeError:
        return None
    if not known:
        return None
    audit = known.pop("audit")
    as_of = datetime.fromisoformat(known.pop("as_of"))
    return Candidate(**known, as_of=as_of, audit=Audit(**audit) if audit else None)


def write_candidate(conn: psycopg.Connection, candidate: Candidate, schema: str = CANDIDATE) -> None:
    """Put the passport on the schema."""
    text = json.dumps(asdict(candidate) | {"as_of": candidate.as_of.isoformat()})
    conn.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(sql.Identifier(schema), sql.Literal(text)))
