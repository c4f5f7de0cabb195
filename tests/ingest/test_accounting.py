import json
from uuid import UUID

import pytest

from cauce.errors import SkippableError
from ingest import load_file, load_paths
from tests.ingest.inputs import OUTCOMES, counts, event, rows, write_events


@pytest.fixture
def ana(make_person):
    return make_person("ana@example.com")


def test_new_events_are_loaded_with_person_agent_conversation_and_day(db, ana, tmp_path):
    late = event(1, timestamp="2026-11-01T02:00:00Z", prompt="hola", completion="¿qué tal?")
    report = load_file(db, write_events(tmp_path / "a.jsonl", [late]))
    assert (counts(report), report.format) == ({"read": 1, "loaded": 1}, "cauce-usage-jsonl")
    [(user, slug, title, day)] = rows(
        db,
        "SELECT l.user_id, a.slug, c.title, l.local_date::text FROM usage_logs l JOIN agents a ON a.id = l.agent_id"
        " JOIN conversations c ON c.user_id = l.user_id AND c.id = l.conversation_id",
    )
    # 31 October 20:00 in Mexico City is not yet November.
    assert (user, slug, title, day) == (ana, "asistente-finanzas", "c0", "2026-10-31")
    said = rows(db, "SELECT role, content FROM messages ORDER BY timestamp, position")
    assert said == [("user", "hola"), ("assistant", "¿qué tal?")]
    assert rows(db, "SELECT message_count FROM conversations") == [2]
    assert rows(db, "SELECT l.message_id = m.id FROM usage_logs l, messages m WHERE m.role = 'assistant'") == [True]


def test_each_record_has_exactly_one_outcome(db, ana, tmp_path):
    lines = [
        event(1),
        event(2),
        event(1),  # the same again: duplicate
        event(2, input_tokens=999),  # the same id, other content: conflict
        event(3, user="nobody@example.com"),  # not registered: unattributed
        event(4, user=None),  # names nobody, and the file has no owner: unattributed
        event(5, input_tokens=-1),  # refused by the format
        "{not json",
    ]
    report = load_file(db, write_events(tmp_path / "a.jsonl", lines))
    assert counts(report) == {"read": 8, "loaded": 2, "duplicate": 1, "quarantined": 5}
    rules = rows(db, "SELECT record, rule FROM quarantined_rows ORDER BY record")
    assert [record for record, _ in rules] == [4, 5, 6, 7, 8]
    assert [rule for _, rule in rules][:3] == ["conflict", "unattributed", "unattributed"]


def test_the_ledger_says_what_the_report_says(db, ana, tmp_path):
    report = load_file(db, write_events(tmp_path / "a.jsonl", [event(1), event(1), event(2, user="x@example.com")]))
    columns = ", ".join(OUTCOMES)
    [ledger] = rows(db, f"SELECT id, source_file, status, domain, format, {columns} FROM ingest_batches")
    expected = tuple(getattr(report, name) for name in OUTCOMES)
    assert ledger == (report.batch, "a.jsonl", "done", "usage", report.format, *expected)


def test_the_report_of_a_file_is_the_documented_json(db, ana, tmp_path):
    report = load_file(db, write_events(tmp_path / "a.jsonl", [event(1)]))
    entry = json.loads(json.dumps(report.as_dict()))
    assert set(entry) >= {"file", "format", "batch", *OUTCOMES}
    assert (entry["file"], UUID(entry["batch"]), entry["loaded"]) == ("a.jsonl", report.batch, 1)


def test_create_user_makes_the_people_that_events_name(db, tmp_path):
    path = write_events(tmp_path / "a.jsonl", [event(n, user=f"P{n % 3}@example.com") for n in range(9)])
    [report] = load_paths(db, [path], create_user=True)
    assert counts(report) == {"read": 9, "loaded": 9}
    assert sorted(rows(db, "SELECT email FROM users")) == ["p0@example.com", "p1@example.com", "p2@example.com"]


def test_an_owner_gets_the_events_that_name_nobody_and_no_others(db, ana, make_person, tmp_path):
    leo = make_person("leo@example.com")
    path = write_events(tmp_path / "a.jsonl", [event(1, user=None), event(2, user="LEO@example.com")])
    assert counts(load_file(db, path, owner=ana)) == {"read": 2, "loaded": 2}
    assert rows(db, "SELECT user_id FROM usage_logs ORDER BY event_id") == [ana, leo]


def test_an_event_without_an_agent_goes_to_its_sources_own(db, ana, tmp_path):
    load_file(db, write_events(tmp_path / "a.jsonl", [event(1, agent=None)]))
    assert rows(db, "SELECT slug, is_public, created_by FROM agents") == [("cauce", False, None)]


def test_agents_are_found_by_slug_and_name_and_made_once(db, ana, tmp_path):
    names = ["Asesor Médico", "asesor-medico", "ASESOR  médico", "健康"]
    load_file(db, write_events(tmp_path / "a.jsonl", [event(n, agent=name) for n, name in enumerate(names)]))
    slugs = rows(db, "SELECT slug FROM agents ORDER BY slug")
    assert len(slugs) == 2
    assert slugs[1] == "asesor-medico"
    assert rows(db, "SELECT count(*) FROM user_agent_permissions") == [2]


def test_the_zone_in_force_at_the_event_decides_its_day(db, ana, tmp_path):
    with db.transaction("cauce_owner") as conn:
        conn.execute(
            "INSERT INTO user_timezones VALUES (%s, '2026-03-10T00:00:00Z', 'Asia/Tokyo')"
            " ON CONFLICT (user_id, valid_from) DO UPDATE SET timezone = excluded.timezone",
            (ana,),
        )
    events = [event(1, timestamp="2026-03-09T03:00:00Z"), event(2, timestamp="2026-03-10T20:00:00Z")]
    load_file(db, write_events(tmp_path / "a.jsonl", events))
    query = "SELECT local_date::text, local_date = local_date(user_id, timestamp) FROM usage_logs ORDER BY event_id"
    assert rows(db, query) == [("2026-03-08", True), ("2026-03-11", True)]


def test_counters_equal_a_recount(db, ana, make_person, tmp_path):
    leo = make_person("leo@example.com", timezone="Asia/Tokyo")
    events = [
        event(n, user=("ana", "leo")[n % 2] + "@example.com", model=("gpt-4o", "no-such")[n % 5 == 0])
        for n in range(60)
    ]
    load_file(db, write_events(tmp_path / "a.jsonl", events[:40]))
    load_file(db, write_events(tmp_path / "b.jsonl", events[20:]))
    query = (
        "SELECT user_id, year, month, total_messages, total_tokens, total_cost, unknown_cost_events"
        " FROM monthly_usage ORDER BY 1, 2, 3"
    )
    before = rows(db, query)
    people = rows(db, "SELECT total_messages, total_tokens_used FROM user_totals ORDER BY user_id")
    with db.transaction("cauce_owner") as conn:
        conn.execute("SELECT recount_usage(%s)", ([ana, leo],))
    assert sum(row[3] for row in before) == 60
    assert rows(db, query) == before
    assert rows(db, "SELECT total_messages, total_tokens_used FROM user_totals ORDER BY user_id") == people


def test_texts_that_no_column_can_hold_are_quarantined_and_the_others_loaded(db, ana, tmp_path):
    lines = [event(1), event(2, prompt="a\u0000b"), event(3, error="x")]
    report = load_file(db, write_events(tmp_path / "a.jsonl", lines))
    assert counts(report) == {"read": 3, "loaded": 2, "quarantined": 1}


def test_an_unknown_file_is_refused_with_what_it_looks_like_and_what_there_is(db, tmp_path):
    path = tmp_path / "report.pdf"
    path.write_bytes(b"%PDF-1.7 ...")
    with pytest.raises(SkippableError, match=r"a PDF document — report.pdf — give a file of one of: .*ofx"):
        load_file(db, path)
    assert rows(db, "SELECT count(*) FROM ingest_batches") == [0]
