"""A person's rows of pipeline, in an order in which they can be written."""

from tests.migrations.envelopes import ENVELOPE

STATEMENTS: dict[str, str] = {
    "ingest_batches": (
        "INSERT INTO ingest_batches (id, user_id, domain, source_file, format, format_version, content_sha256)"
        " VALUES (%(id)s, %(person)s, 'finance', 'x.ofx', 'ofx', 1, 'x')"
    ),
    "quarantined_rows": (
        "INSERT INTO quarantined_rows (id, batch_id, user_id, domain, record, rule, reason, raw_sealed, raw_hash)"
        f" VALUES (%(id)s, %(id)s, %(person)s, 'finance', 1, 'x', 'x', {ENVELOPE}, 'x')"
    ),
}
