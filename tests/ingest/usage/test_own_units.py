"""Units beyond the columns of the contract, in our own files: they are priced as in any other format."""

import csv
import io
import json
from typing import Any

import polars as pl
import pytest

from .reading import read
from .same_call import Call, own_columns
from .test_span_names import event as of_span

CALL = Call(input=100, output=50, read=0, write=0, reasoning=10)
REALTIME = ("openai", "gpt-realtime-mini")


def jsonl(columns: dict[str, Any]) -> bytes:
    return json.dumps(columns).encode()


def table(columns: dict[str, Any]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerow(columns)
    return text.getvalue().encode()


def parquet(columns: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame([columns]).write_parquet(buffer)
    return buffer.getvalue()


written = pytest.mark.parametrize("written", [jsonl, table, parquet])


@written
def test_audio_has_its_own_price_and_what_else_stands_there_is_kept(written):
    columns = own_columns(CALL, int, REALTIME) | {"input_audio_tokens": 8, "output_audio_tokens": 4, "team": "ventas"}
    event = read(written(columns)).event("same")
    told = of_span(
        {
            "gen_ai.provider.name": REALTIME[0],
            "gen_ai.request.model": REALTIME[1],
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.output_tokens": 50,
            "gen_ai.usage.reasoning.output_tokens": 10,
            "gen_ai.usage.details.input_audio_tokens": 8,
            "gen_ai.usage.details.output_audio_tokens": 4,
        }
    )
    assert event["total_cost"] == told["total_cost"] > 0
    units = json.loads(event["units"])
    assert units.pop("extra") == {"team": "ventas"}
    assert units == json.loads(told["units"])


@written
def test_cache_that_is_written_for_an_hour_has_its_own_price(written):
    call = Call(input=1000, output=10, read=0, write=500, reasoning=0)
    columns = own_columns(call, int, ("anthropic", "claude-sonnet-4-5"))
    plain = read(written(columns)).event("same")
    hour = read(written(columns | {"cache_write_1h_tokens": 500})).event("same")
    # 500 x (6 - 3.75) USD per million
    assert float(hour["total_cost"] - plain["total_cost"]) == pytest.approx(500 * 2.25e-6)


@written
def test_nothing_of_a_unit_leaves_the_event_as_it_is(written):
    plain = read(written(own_columns(CALL, int))).event("same")
    for nothing in (0, None, "0", ""):
        assert read(written(own_columns(CALL, int) | {"input_audio_tokens": nothing})).event("same") == plain
