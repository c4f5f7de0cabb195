"""Whatever stands in a record, it costs that record at most: never the file, never the record beside it."""

import copy
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cauce.database import Database
from ingest import load_paths

from .reading import read
from .reports import anthropic, cents, completions, cost, messages, openai
from .same_call import BODIES, LOGS, SPANS, Call, own_columns

CALL = Call(input=1000, output=300, read=400, write=100, reasoning=120)


def _said(dialect: Any) -> Any:
    return json.loads(dialect.say(CALL.without(dialect.silent), int))


SPAN = _said(SPANS[0])
SPAN["resourceSpans"][0]["resource"] = {"attributes": [{"key": "service.name", "value": {"stringValue": "a"}}]}
SPAN["resourceSpans"][0]["scopeSpans"][0]["spans"][0] |= {
    "status": {"code": 2, "message": "no"},
    "events": [
        {
            "name": "gen_ai.content.prompt",
            "attributes": [{"key": "gen_ai.prompt", "value": {"arrayValue": {"values": [{"stringValue": "hola"}]}}}],
        }
    ],
}
LOG = _said(LOGS[2]) | {"user": "ana@example.com", "spend": 0.1, "error_information": {"error_class": "X"}}
GEMINI = _said(BODIES[3])
GEMINI["response"]["usageMetadata"]["promptTokensDetails"] = [{"modality": "TEXT", "tokenCount": 1000}]
RECORDS = {
    "OTLP": [SPAN, *(_said(dialect) for dialect in SPANS[-2:])],
    "bodies": [*(_said(dialect) for dialect in BODIES), GEMINI],
    "LiteLLM": [*(_said(dialect) for dialect in LOGS), LOG],
    "own": [
        own_columns(CALL, int) | {"user": "ana@example.com", "success": True, "prompt": "hola", "extra": {"a": [1]}}
    ],
}
DAY = ("2026-03-01", "2026-03-02")
DAY_Z = ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")
REPORTS = [
    openai({DAY: [completions()]})["data"][0] | {"grouped_by": ["model"]},
    openai({DAY: [cost()]})["data"][0],
    anthropic({DAY_Z: [messages()]})["data"][0],
    anthropic({DAY_Z: [cents()]})["data"][0],
]


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from _places(part, (*path, key))


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


ODD = ["+-5", "1" * 5000, "\u00b2", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30", "\x00"]
STORED = [
    None,
    *ODD,
    -1,
    2.5,
    10**11,
    10**15,
    1e300,
    "x" * 600,
    "a\x00b",
    {"\x00": 1},
    ["\x00"],
    _deep(300),
    _deep(900),
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.sampled_from([*ODD, -1, 2.5, 10**11, 10**15, 10**40, 1e300, 1e-300, _deep(300), _deep(900)]),
    lambda parts: (
        st.lists(parts, max_size=2)
        | st.dictionaries(st.sampled_from(["values", "intValue", "arrayValue", "value", "key", "model", "\x00"]), parts)
    ),
    max_leaves=4,
)


def _with(record: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    record = copy.deepcopy(record)
    holder = record
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    return record


def _line(value: Any) -> bytes:
    return json.dumps(value).encode()


PLACES = {
    name: [(number, place) for number, record in enumerate(records) for place in _places(record)]
    for name, records in RECORDS.items()
}


@pytest.mark.parametrize("name", RECORDS)
@settings(deadline=None)  # the first reading sets Polars up
@given(data=st.data())
def test_a_record_of_any_shape_is_read_or_set_aside_and_the_one_before_it_loads(name, data):
    number, place = data.draw(st.sampled_from(PLACES[name]))
    bad = _with(RECORDS[name][number], place, data.draw(VALUES))
    result = read(_line(RECORDS[name][0]) + b"\n" + _line(bad) + b"\n")
    assert result.events["record"].to_list()[0] == 1
    assert all(rejection.record > 1 and rejection.raw for rejection in result.rejections)
    # A document of spans may hold none; every other line is a record.
    assert result.read == 2 or name == "OTLP"


@pytest.mark.parametrize("document", [False, True], ids=["lines", "an array"])
@settings(deadline=None)
@given(place=st.sampled_from([(n, place) for n, of in enumerate(REPORTS) for place in _places(of)]), value=VALUES)
@example(place=(0, ("grouped_by",)), value=7)
def test_a_bucket_of_any_shape_is_read_or_set_aside_and_the_one_before_it_loads(document, place, value):
    bad = _with(REPORTS[place[0]], place[1], value)
    pair = [REPORTS[place[0]], bad]
    result = read(_line({"data": pair}) if document else b"\n".join(map(_line, pair)), taken="report")
    assert result.events["record"].to_list()[0] == 1
    assert result.read >= 2


@pytest.mark.parametrize("name", [*RECORDS, "reports"])
def test_the_database_takes_what_is_not_set_aside(name: str, db: Database, tmp_path: Path) -> None:
    records = RECORDS.get(name, REPORTS)
    odd = [_with(record, place, value) for record in records for place in _places(record) for value in STORED]
    path = tmp_path / "file.jsonl"
    path.write_bytes(b"\n".join(map(_line, [records[0], *odd])))
    owner = None if name == "reports" else "ana@example.com"
    [report] = load_paths(db, [path], owner_email=owner, create_user=True)
    assert report.message is None
    assert report.loaded > 0
    outcomes = (report.loaded, report.updated, report.duplicate, report.quarantined, report.ignored)
    assert report.read == sum(outcomes)


@settings(deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(ODD), min_size=9))
def test_fields_of_any_text_are_read_or_set_aside_and_the_record_before_them_loads(fields):
    columns = own_columns(CALL, int)
    quoted = ['"' + field.replace('"', '""') + '"' for field in fields[:9]]
    lines = [",".join(columns), ",".join(map(str, columns.values())), ",".join(quoted)]
    result = read("\n".join(lines).encode())
    assert (result.events["record"].to_list()[0], result.read) == (1, 2)


COLUMNS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.booleans(),
    st.binary(max_size=4),
    st.text(st.characters(codec="utf-8"), max_size=4),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.lists(st.integers(0, 9), max_size=2),
    st.builds(lambda n: {"a": n}, st.integers(0, 9)),
)


@settings(deadline=None)
@given(st.sampled_from([*own_columns(CALL, int), "prompt", "success", "team", "input_audio_tokens"]), COLUMNS)
def test_a_column_of_any_type_is_read_or_set_aside(name, value):
    columns = own_columns(CALL, int)
    buffer = io.BytesIO()
    rows = [{**columns, "event_id": "good", name: None}, {**columns, name: value}]
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(buffer)
    result = read(buffer.getvalue())
    assert result.read == 2
    json.dumps(result.events["units"].to_list())
