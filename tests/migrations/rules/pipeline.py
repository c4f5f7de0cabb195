"""The rules of the pipeline."""

from tests.migrations.envelopes import ENVELOPE
from tests.migrations.rules import Rule, change

PUBLICATION = "INSERT INTO publications (as_of, input_fingerprint, status, published_at) VALUES"

RULES: dict[str, Rule] = {
    "ck_ingest_batches_status": change("ingest_batches", {"status": "'done'"}, {"status": "'lost'"}),
    "ck_ingest_batches_counts": change(
        "ingest_batches",
        {"loaded": "1", "ignored": "1", "read": "2"},
        {"loaded": "1", "ignored": "-1"},
        *({count: "-1", "ignored": "1"} for count in ("loaded", "updated", "duplicate", "quarantined")),
    ),
    "ck_ingest_batches_conservation": change(
        "ingest_batches", {"read": "2", "loaded": "1", "quarantined": "1"}, {"read": "2", "loaded": "1"}
    ),
    "ck_quarantined_rows_status": change("quarantined_rows", {"status": "'discarded'"}, {"status": "'fixed'"}),
    "ck_quarantined_rows_raw_once": change(
        "quarantined_rows", {"raw": "'x'", "raw_sealed": "NULL"}, {"raw": "'x'", "raw_sealed": ENVELOPE}
    ),
    "ck_publications_status": Rule(
        f"{PUBLICATION} (now(), 'x', 'failed', NULL)", f"{PUBLICATION} (now(), 'x', 'half', NULL)"
    ),
    "ck_publications_published_at": Rule(
        f"{PUBLICATION} (now(), 'x', 'published', now())", f"{PUBLICATION} (now(), 'x', 'published', NULL)"
    ),
}
