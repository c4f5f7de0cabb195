"""Every shared sample ends in exact accounting, twice in a row, the second time all duplicates."""

from pathlib import Path

import pytest

from cauce.database import Role
from ingest import load_paths
from tests.ingest.inputs import contents, rows

FOLDERS = {
    "usage": ("usage/otlp_genai_spans.jsonl", "usage/provider_usage_bodies.jsonl"),
    "finance": ("finance/ofx",),
    "health": ("health/fhir",),
}


def load(db, samples: Path, domain: str, **options):
    reports = load_paths(db, [samples / path for path in FOLDERS[domain]], **options)
    assert reports
    assert not [report.message for report in reports if report.failed]
    assert all(report.conserved and report.read for report in reports)
    return reports


@pytest.mark.parametrize("domain", FOLDERS)
def test_with_an_owner_every_record_is_accounted_for_and_the_second_time_a_duplicate(db, samples, domain):
    first = load(db, samples, domain, owner_email="ana@example.com", create_user=True)
    assert all(report.loaded for report in first)
    before = contents(db)
    for report in load(db, samples, domain, owner_email="ana@example.com"):
        assert report.duplicate == report.read
    assert contents(db) == before


@pytest.mark.parametrize("domain", FOLDERS)
def test_without_an_owner_every_record_waits_or_is_ignored_and_then_loads(db, samples, domain):
    first = load(db, samples, domain)
    assert all(r.quarantined + r.duplicate + r.ignored == r.read for r in first)
    for report in load(db, samples, domain):
        assert report.duplicate == report.read
    with_owner = load(db, samples, domain, owner_email="ana@example.com", create_user=True)
    assert all(report.loaded for report in with_owner)
    left = rows(db, "SELECT count(*) FROM quarantined_rows WHERE status = 'open' AND rule = 'unattributed'")
    assert left == [0]


def test_the_600_real_responses_are_loaded_475_or_more_with_a_price_and_none_with_a_price_of_nothing(db, samples):
    load(db, samples, "usage", owner_email="ana@example.com", create_user=True)
    query = (
        "SELECT count(*), count(total_cost) >= 475, count(*) FILTER (WHERE total_cost IS NULL) > 0"
        " FROM usage_logs WHERE event_id NOT IN (SELECT event_id FROM usage_logs WHERE source = 'otlp')"
    )
    with db.transaction(Role.OWNER) as conn:
        assert conn.execute(query).fetchone() == (600, True, True)
