"""A database in which every relation has a row of Ana's, one of Luis's, and those that are nobody's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg

from cauce.database import Database, Role
from tests.conftest import make_person_in, sign_in_to
from tests.expectations.world import ANA, BETO, id_of
from tests.migrations.envelopes import ENVELOPE
from tests.migrations.rows import fill

ARCHIVED = """
INSERT INTO archived_usage_daily (user_id, local_date, agent_id, provider, model, events, failed_events,
  unknown_cost_events, tokens_input, tokens_output, tokens_cache_read, tokens_cache_write, tokens_reasoning, total_tokens,
  total_cost)
SELECT u.id, '2024-01-01', a.id, 'p', 'm', 1, 0, 0, 7, 3, 0, 0, 0, 10, 1
FROM users u CROSS JOIN (SELECT id FROM agents ORDER BY id LIMIT 1) a
"""
PROBE = (Path(__file__).parent / "probe.sql").read_text(encoding="utf-8")
NOBODYS = [
    "INSERT INTO agents (name, slug, is_public) VALUES ('P', 'p', true)",
    "INSERT INTO agents (name, slug, created_by) SELECT 'X', 'by-' || left(email, 3), id FROM users",
    "INSERT INTO ingest_batches (domain, source_file, format, format_version, content_sha256)"
    " VALUES ('usage', 'u.jsonl', 'cauce-usage-jsonl', 1, 'u')",
    "INSERT INTO quarantined_rows (batch_id, domain, record, rule, reason, raw_sealed, raw_hash)"
    f" SELECT id, domain, 1, 'x', 'x', {ENVELOPE}, 'x' FROM ingest_batches WHERE domain = 'usage'",
    "INSERT INTO publications (status, as_of, input_fingerprint) VALUES ('failed', now(), 'x')",
    "INSERT INTO verification_tokens (identifier, token, expires) SELECT email, email, now() + interval '1 hour' FROM users",
    "INSERT INTO invitations (email, token, role) VALUES ('eva@example.com', repeat('a', 64), 'USER')",
    "INSERT INTO fx_rates (base, quote, date, source, rate) VALUES ('USD', 'MXN', '2025-01-01', 'x', 20)",
    "INSERT INTO erasure_log (pseudonym) VALUES (uuidv7())",
    "INSERT INTO erased_addresses (address_hash) VALUES ('h')",
    "INSERT INTO vector_deletions (vector_id) VALUES ('v')",
    "INSERT INTO blob_deletions (location) VALUES ('l')",
    "INSERT INTO usage_archives (file, month, rows, total_tokens, total_cost, content_hash) VALUES ('f', '2024-01-01', 1, 1, 1, 1)",
    "INSERT INTO provider_reports (report_key, provider, kind, report, starts_at, ends_at, grouping, dimensions, amount, currency)"
    " VALUES (uuidv7(), 'openai', 'cost', 'costs', '2024-01-01Z', '2024-01-02Z', '', '{}', 1, 'USD')",
    "INSERT INTO model_prices (provider, model, valid_from, input_price) VALUES ('openai', 'm', '2025-01-01', 1)",
    "INSERT INTO model_prices (provider, model, valid_from, input_price, created_by)"
    " SELECT 'openai', email, '2025-01-01', 1, id FROM users",
    ARCHIVED,
    "INSERT INTO system_documents (title) VALUES ('x')",
    "INSERT INTO storage_files (user_id, filename, original_name, storage_path, mime_type, size, checksum, usage_context)"
    " SELECT id, 'r', 'r', 'h-' || id, 'text/plain', 1, repeat('0', 64), 'HEALTH' FROM users",
    "INSERT INTO file_access_logs (user_id, file_id, action) SELECT user_id, id, 'VIEW' FROM storage_files WHERE filename = 'r'",
    "INSERT INTO file_shares (user_id, file_id, shared_by, share_token)"
    " SELECT user_id, id, user_id, encode(sha256(id::text::bytea), 'hex') FROM storage_files WHERE filename = 'r'",
    "INSERT INTO support_messages (user_id, ticket_id, content, is_ai) SELECT user_id, id, 'x', true FROM support_tickets",
    "INSERT INTO audit_seals (sequence, hash, seal) SELECT sequence, hash, hash FROM audit_logs LIMIT 1",
]
"""What `rows` does not give to a person."""
FLEETING = "INSERT INTO public.audit_pending (action) VALUES ('TRY')"
"""A row that would be gone at the end of the transaction that wrote it."""


@dataclass(frozen=True, slots=True)
class World:
    """A database, and who is in it. Ana asks; what is Luis's is another's."""

    database: Database
    ana: UUID
    luis: UUID
    ana_token: str
    luis_token: str


def furnish(database: Database) -> World:
    """Put two people and everything they can have into a migrated database."""
    people = [make_person_in(database, f"{name}@example.com") for name in ("ana", "luis")]
    with database.transaction(Role.OWNER) as conn:
        for person in people:
            fill(conn, person)
    return _ready(database, NOBODYS, "ana@example.com", "luis@example.com")


def open_warehouse(database: Database) -> World:
    """The same of a database whose marts are built and published; `BETO` is Luis. What is archived is added."""
    return _ready(database, [ARCHIVED], ANA, BETO)


def _ready(database: Database, statements: list[str], ana: str, luis: str) -> World:
    """Sign both in, add rows, and the functions that try a role out."""
    tokens = [sign_in_to(database, email, ip="192.0.2.1") for email in (ana, luis)]
    with database.transaction(Role.OWNER) as conn:
        for statement in statements:
            conn.execute(statement.encode())
    with psycopg.connect(database.address.superuser_url, dbname=database.address.name) as conn:
        conn.execute(PROBE.encode())
    return World(database, id_of(database, ana), id_of(database, luis), *tokens)


@contextmanager
def superuser(world: World) -> Iterator[psycopg.Connection]:
    """A connection that can become anybody, in a transaction nothing of which is kept; only rows and privileges count.

    Triggers and foreign keys rest (`session_replication_role`), so that a refusal is a privilege's or a policy's.
    """
    address = world.database.address
    with psycopg.connect(address.superuser_url, dbname=address.name) as conn:
        conn.execute("SET LOCAL session_replication_role = replica")
        conn.execute("SET LOCAL search_path = pg_catalog, public")
        conn.execute(FLEETING)
        yield conn
        conn.rollback()
