import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cauce.database import Role
from ingest import load_file, load_upload, open_rows, replay, undo
from ingest.formats import Rejection, Source
from ingest.usage import FORMATS
from tests.ingest.inputs import counts, rows

from .reports import anthropic, cents, completions, cost, messages, openai

DAY = ("2026-03-01", "2026-03-02")
UTC_DAY = ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")


@dataclass
class Read:
    rows: list[dict[str, Any]]
    rejections: list[Rejection]
    ignored: dict[str, int]
    read: int
    texts: dict[int, str]


def read(document):
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    [found] = [f for f in FORMATS if f.sniff(data[: 2**16])]
    assert found.name == "provider-report"
    received = datetime(2026, 4, 1, tzinfo=UTC)
    result = Read([], [], {}, 0, {})
    for chunk in found.read(Source(Path("f"), io.BytesIO(data), "f", len(data), received, "UTC")):
        frame = chunk.frames["report"]
        result.rows += frame.rows(named=True)
        result.rejections += chunk.rejections
        result.ignored |= chunk.ignored
        result.read += chunk.read
        numbers = frame["record"].to_list()
        result.texts |= dict(zip(numbers, chunk.raw(numbers), strict=True))
    return result


def figures(row):
    names = ("kind", "report", "model", "tokens_input", "tokens_output", "tokens_cache_read", "tokens_cache_write")
    return tuple(row[name] for name in (*names, "requests", "amount"))


def test_openais_usage_is_inclusive_as_it_stands():
    [row] = read(openai({DAY: [completions()]})).rows
    model = "gpt-5-mini-2025-08-07"
    assert figures(row) == ("usage", "completions", model, 1000, 300, 400, 0, 3, None)
    assert (row["provider"], row["starts_at"]) == ("openai", datetime(2026, 3, 1, tzinfo=UTC))


def test_anthropics_cache_is_added_to_the_input():
    [row] = read(anthropic({UTC_DAY: [messages()]})).rows
    model = "claude-sonnet-4-5-20250929"
    assert figures(row) == ("usage", "messages", model, 1000, 300, 400, 100, None, None)


def test_anthropics_amounts_are_cents_and_openais_are_not():
    [row] = read(anthropic({UTC_DAY: [cents("123.78912")]})).rows
    assert figures(row)[-1] == Decimal("1.2378912")
    assert (row["model"], row["item"], row["currency"]) == (
        "claude-sonnet-4-5-20250929",
        "Claude Sonnet 4.5 Usage - Input Tokens",
        "USD",
    )
    [row] = read(openai({DAY: [cost(0.06)]})).rows
    assert (figures(row)[-1], row["model"]) == (Decimal("0.06"), "gpt-5-mini-2025-08-07")


def test_a_line_of_costs_that_names_no_model_has_none():
    [row] = read(openai({DAY: [cost(line_item="Web search tool calls, high")]})).rows
    assert (row["model"], row["item"]) == (None, "Web search tool calls, high")


def test_the_providers_own_samples_are_read(samples):
    result = read((samples / "usage" / "openai_usage_completions_page.json").read_bytes())
    assert (result.read, len(result.rows), result.rejections) == (13, 13, [])
    assert sum(row["tokens_input"] for row in result.rows) == 15_560_092
    [row] = read((samples / "usage" / "anthropic_usage_report.json").read_bytes()).rows
    assert figures(row)[3:7] == (3200, 500, 200, 1500)


def test_an_empty_bucket_says_that_nothing_was_used():
    result = read(openai({DAY: [completions()], ("2026-03-02", "2026-03-03"): []}))
    assert figures(result.rows[1]) == ("usage", "completions", None, 0, 0, 0, 0, None, None)
    result = read(openai({DAY: [], ("2026-03-02", "2026-03-03"): [cost()]}))
    assert figures(result.rows[0]) == ("cost", "costs", None, None, None, None, None, None, 0)
    assert read(openai({DAY: []})).ignored == {"empty bucket": 1}


def test_people_and_their_keys_tell_results_apart_and_are_not_kept():
    result = read(openai({DAY: [completions(user_id="user-CANARY-1"), completions(user_id="user-CANARY-2")]}))
    assert len({row["report_key"] for row in result.rows}) == 2
    assert "CANARY" not in str(result.rows)
    assert result.rows[0]["grouping"] == "model user_id"
    assert "apikey_1" not in str(read(anthropic({UTC_DAY: [messages()]})).rows)


BAD = {
    "negative": ([completions(input_tokens=-1)], "negative_count"),
    "no number": ([completions(output_tokens="many")], "not_an_integer"),
    "absurd": ([completions(input_tokens=10**15)], "absurd_count"),
    "without counts": ([completions(input_tokens=None, output_tokens=None)], "no_usage"),
    "tokens of an unknown kind": ([completions(input_smell_tokens=4)], "unknown_unit"),
    "a report in other units": ([completions(object="organization.usage.dreams.result")], "unknown_unit"),
    "another currency": ([cost() | {"amount": {"value": 1, "currency": "mxn"}}], "unknown_unit"),
    "no amount": ([cost() | {"amount": 3}], "missing_value"),
    "an amount that is none": ([cost("NaN")], "not_an_amount"),
    "an absurd amount": ([cost(1e12)], "absurd_amount"),
    "not an object": ([7], "not_an_object"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_result_is_one_rejection_and_its_neighbours_are_read(name):
    bad, rule = BAD[name]
    result = read(openai({DAY: [completions(model="before"), *bad, completions(model="after")]}))
    assert [row["model"] for row in result.rows] == ["before", "after"]
    assert [(r.record, r.rule) for r in result.rejections] == [(2, rule)]
    assert read(result.rejections[0].raw.encode()).rejections[0].rule == rule


SPANS = {
    "backwards": (("2026-03-02", "2026-03-01"), "bad_time"),
    "a week": (("2026-03-01", "2026-03-08"), "not_a_day"),
    "over midnight": (("2026-03-01T23:00", "2026-03-02T01:00"), "not_a_day"),
    "long ago": (("1999-03-01", "1999-03-02"), "impossible_time"),
    "in the future": (("2199-03-01", "2199-03-02"), "impossible_time"),
}


@pytest.mark.parametrize("name", SPANS)
def test_a_bucket_that_is_no_day_is_one_rejection(name):
    span, rule = SPANS[name]
    result = read(openai({span: [completions()], DAY: [completions()]}))
    assert [r.rule for r in result.rejections] == [rule]
    assert len(result.rows) == 1


def test_units_of_other_reports_are_left_out_by_kind():
    images = {"object": "organization.usage.images.result", "images": 3, "num_model_requests": 3}
    assert read(openai({DAY: [images]})).ignored == {"usage of images": 1}
    tools = {"server_tool_use": {"web_search_requests": 1, "mind_reading_requests": 1}}
    assert [r.rule for r in read(anthropic({UTC_DAY: [messages(**tools)]})).rejections] == ["unknown_unit"]


def test_a_kept_result_says_all_that_is_read_of_it():
    whole = read(openai({DAY: [completions(project_id="p"), completions(user_id="u")]}))
    again = [read(text.encode()).rows[0] | {"record": n, "line": None} for n, text in whole.texts.items()]
    assert again == whole.rows


def load(db, tmp_path, document, name="page.json"):
    path = tmp_path / name
    path.write_text(json.dumps(document))
    return load_file(db, path)


TOTALS = "SELECT count(*), sum(tokens_input)::bigint, sum(amount) FROM provider_reports"


def test_the_same_page_again_changes_nothing_and_a_later_word_replaces_the_earlier(db, tmp_path):
    first = openai({DAY: [completions(), completions(model="gpt-4o")]})
    assert counts(load(db, tmp_path, first)) == {"read": 2, "loaded": 2}
    assert counts(load(db, tmp_path, first)) == {"read": 2, "duplicate": 2}
    assert rows(db, TOTALS) == [(2, 2000, None)]
    later = openai({DAY: [completions(), completions(model="gpt-4o", input_tokens=5000)]})
    assert counts(load(db, tmp_path, later)) == {"read": 2, "updated": 1, "duplicate": 1}
    assert rows(db, TOTALS) == [(2, 6000, None)]


def test_a_word_said_twice_in_a_file_counts_once_and_the_last_is_it(db, tmp_path):
    page = openai({DAY: [completions(), completions(input_tokens=5000)]})
    assert counts(load(db, tmp_path, page)) == {"read": 2, "loaded": 1, "duplicate": 1}
    assert rows(db, TOTALS) == [(1, 5000, None)]


def test_a_batch_can_be_undone_and_loaded_again(db, tmp_path):
    page = anthropic({UTC_DAY: [cents(), cents(token_type="output_tokens")]})
    report = load(db, tmp_path, page)
    undo(db, report.batch)
    assert rows(db, TOTALS) == [(0, None, None)]
    assert counts(load(db, tmp_path, page)) == {"read": 2, "loaded": 2}


def test_a_bad_result_waits_in_quarantine_and_can_be_repaired(db, tmp_path):
    page = openai({DAY: [completions(), completions(model="gpt-4o", input_tokens=-1)]})
    assert counts(load(db, tmp_path, page)) == {"read": 2, "loaded": 1, "quarantined": 1}
    [row] = open_rows(db)
    replay(db, row.id, text=json.dumps(openai({DAY: [completions(model="gpt-4o")]})))
    assert rows(db, TOTALS) == [(2, 2000, None)]


def test_a_person_cannot_upload_a_report(db, make_person):
    ana = make_person("ana@example.com")
    page = json.dumps(openai({DAY: [completions()]})).encode()
    report = load_upload(db, "page.json", io.BytesIO(page), owner=ana)
    assert counts(report) == {"read": 1, "quarantined": 1}
    assert [row.rule for row in open_rows(db, owner=ana)] == ["not_a_persons"]
    assert rows(db, TOTALS) == [(0, None, None)]


def test_admins_read_reports_and_people_do_not(db, tmp_path, make_person, sign_in):
    load(db, tmp_path, openai({DAY: [completions()]}))
    with db.transaction(Role.ADMIN) as conn:
        assert conn.execute("SELECT tokens_input FROM provider_reports").fetchall() == [(1000,)]
    make_person("ana@example.com")
    token = sign_in("ana@example.com")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction(Role.USER, session_token=token) as conn:
        conn.execute("SELECT 1 FROM provider_reports")
