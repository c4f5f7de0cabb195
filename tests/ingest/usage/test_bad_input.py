"""What no call can have is one row set aside, with its rule and its reason, in every format; the rest loads."""

import json

import pytest

from ingest.usage.events import MAX_COUNT
from ingest.usage.unit_names import unknown_kind

from .reading import DATA, read
from .same_call import BODIES, LOGS, OWN, SPANS, Call, own_columns

CALL = Call(input=1000, output=300, read=400, write=100, reasoning=120)
LINES = (*SPANS, *BODIES, *LOGS, OWN[2])
NUMBERS = {
    "negative_count": lambda count: -count - 1,
    "absurd_count": lambda count: count + MAX_COUNT + 1,
    "not_an_integer": lambda count: count + 0.5,
}


def named(dialects):
    return pytest.mark.parametrize("dialect", dialects, ids=lambda dialect: dialect.name)


def of_two(good: bytes, bad: bytes):
    """The rejections of a file whose second line is bad; the first must load."""
    result = read(good + b"\n" + bad)
    assert (result.read, result.events["record"].to_list()) == (2, [1])
    [rejection] = result.rejections
    assert (rejection.record, rejection.line) == (2, 2)
    assert rejection.reason
    assert rejection.column
    return rejection


CASES = [(dialect, rule) for dialect in LINES for rule in NUMBERS]


@pytest.mark.parametrize(("dialect", "rule"), CASES, ids=lambda case: case if isinstance(case, str) else case.name)
def test_a_count_that_cannot_be_is_set_aside(dialect, rule):
    good = dialect.say(CALL.without(dialect.silent), int)
    assert of_two(good, dialect.say(CALL.without(dialect.silent), NUMBERS[rule])).rule == rule


@pytest.mark.parametrize("year", ["1999", "2199"])
@named(LINES)
def test_a_time_that_cannot_be_is_set_aside(dialect, year):
    good = dialect.say(CALL.without(dialect.silent), int)
    seconds = {"1999": 920280600, "2199": 7231973400}[year]
    bad = good.replace(b"2026-03-01T", f"{year}-03-01T".encode())
    bad = bad.replace(b"17723574000", f"{seconds}0".encode()).replace(b"17723574010", f"{seconds + 1}0".encode())
    bad = bad.replace(b"1772357400.0", f"{seconds}.0".encode())
    if b'"timestamp"' not in good and b"startTime" not in good:
        pytest.fail("the dialect writes no time")
    assert of_two(good, bad).rule == "impossible_time"


ODD = {
    "a count with two signs": (SPANS[0], b'"intValue": "1000"', b'"intValue": "+-5"', "not_an_integer"),
    "a count of 5000 digits": (
        SPANS[0],
        b'"intValue": "1000"',
        b'"intValue": "' + b"9" * 5000 + b'"',
        "not_an_integer",
    ),
    "a body's count of 5000 digits": (
        BODIES[0],
        b'"prompt_tokens": 1000',
        b'"prompt_tokens": "%s"' % (b"9" * 5000),
        None,
    ),
    "a time before all times": (BODIES[0], b"2026-03-01T09:30:00Z", b"0001-01-01T00:00:00+14:00", "not_a_timestamp"),
    "a log's time before all": (LOGS[0], b"2026-03-01T09:30:00Z", b"0001-01-01T00:00:00+14:00", "not_a_timestamp"),
    "a body too deep to name": (BODIES[0], b'"id": "same"', b'"x": ' + b"[" * 300 + b"]" * 300, "malformed"),
    "a span too deep to write": (
        SPANS[0],
        b'"traceId": ',
        b'"x": ' + b"[" * 300 + b"]" * 300 + b', "traceId": 7, "y": ',
        "bad_id",
    ),
}


@pytest.mark.parametrize("what", ODD)
def test_what_a_reader_stumbles_over_is_set_aside(what):
    dialect, place, instead, rule = ODD[what]
    good = dialect.say(CALL.without(dialect.silent), int)
    assert place in good
    result = read(good + b"\n" + good.replace(place, instead))
    assert result.events["record"].to_list() == [1]
    [rejection] = result.rejections
    assert (rejection.line, rejection.rule) == (2, rule or rejection.rule)
    assert rejection.raw


PASSED_OVER = {
    "no list of values": (b'"stringValue": "openai"', b'"arrayValue": {"values": 7}'),
    "no list of events": (b'"traceId"', b'"events": 7, "traceId"'),
    "an unknown unit that is no number": (
        b'{"key": "gen_ai.usage.input_tokens"',
        b'{"key": "gen_ai.usage.hologram_tokens", "value": {"stringValue": "\xc2\xb2"}}, {"key": "gen_ai.usage.input_tokens"',
    ),
}


@pytest.mark.parametrize("what", PASSED_OVER)
def test_what_says_nothing_is_passed_over(what):
    good = SPANS[0].say(CALL, int)
    place, instead = PASSED_OVER[what]
    assert place in good
    assert read(good.replace(place, instead)).events["tokens_input"].to_list() == [1000]


TOTAL = b'{"key": "gen_ai.usage.input_tokens"'
UNKNOWN = {
    "OTLP": (
        SPANS[0],
        b'{"key": "gen_ai.usage.input_tokens"',
        b'{"key": "gen_ai.usage.hologram_tokens", "value": {"intValue": "7"}}, {"key": "gen_ai.usage.input_tokens"',
    ),
    "Vercel": (
        next(dialect for dialect in SPANS if dialect.name == "Vercel AI SDK"),
        b'{"key": "ai.usage.inputTokens"',
        b'{"key": "ai.usage.hologramTokens", "value": {"intValue": "7"}}, {"key": "ai.usage.inputTokens"',
    ),
    **{
        f"OTLP {name}": (SPANS[0], TOTAL, b'{"key": "%s", "value": {"intValue": "7"}}, %s' % (name.encode(), TOTAL))
        for name in (
            *("gen_ai.usage.hologram.input_tokens", "gen_ai.usage.details.hologram", "llm.usage.input_tokens.hologram"),
            *("llm.token_count.prompt_details.hologram", "llm.token_count.hologram"),
            "gen_ai.usage.completion_tokens_details.hologram",
        )
    },
    "Vercel's metadata": (
        next(dialect for dialect in SPANS if dialect.name == "Vercel AI SDK with Anthropic's metadata"),
        b'\\"output_tokens\\":',
        b'\\"hologram_tokens\\": 7, \\"output_tokens\\":',
    ),
    "a modality": (
        BODIES[3],
        b'"promptTokenCount":',
        b'"promptTokensDetails": [{"modality": "HOLOGRAM", "tokenCount": 7}], "promptTokenCount":',
    ),
    "a tool of the provider's": (
        BODIES[2],
        b'"output_tokens":',
        b'"server_tool_use": {"hologram_requests": 7}, "output_tokens":',
    ),
    "a detail without a suffix": (BODIES[0], b'"cached_tokens":', b'"hologram": 7, "cached_tokens":'),
    "a body": (BODIES[0], b'"cached_tokens":', b'"hologram_tokens": 7, "cached_tokens":'),
    "Gemini": (BODIES[3], b'"promptTokenCount":', b'"hologramTokenCount": "7", "promptTokenCount":'),
    "LiteLLM": (LOGS[2], b'"cached_tokens":', b'"hologram_tokens": 7, "cached_tokens":'),
    "JSON Lines": (OWN[2], b'"input_tokens":', b'"hologram_tokens": 7, "input_tokens":'),
}


@pytest.mark.parametrize("where", UNKNOWN)
def test_a_unit_nobody_knows_is_set_aside(where):
    dialect, place, instead = UNKNOWN[where]
    good = dialect.say(CALL.without(dialect.silent), int)
    assert place in good
    rejection = of_two(good, good.replace(place, instead))
    assert rejection.rule == "unknown_unit"
    assert "hologram" in rejection.reason.lower()
    nothing = instead.replace(b'"7"', b'"0"').replace(b" 7", b" 0")
    assert read(good.replace(place, nothing)).rejections == []


def test_a_unit_nobody_knows_is_set_aside_in_tables_too():
    columns = own_columns(CALL, int)
    header = ",".join([*columns, "hologram_tokens"])
    lines = [",".join(map(str, [*columns.values(), count])) for count in ("7", "0", "")]
    assert read("\n".join([header, *lines]).encode()).broken == {1: "unknown_unit"}


@pytest.mark.parametrize(("count", "rule"), [(-3, "negative_count"), (2.5, "not_an_integer"), (10**11, "absurd_count")])
def test_a_unit_of_the_price_book_is_a_count_in_our_own_files_too(count, rule):
    good = own_columns(CALL, int) | {"input_audio_tokens": 8}
    bad = {**good, "event_id": "other", "input_audio_tokens": count}
    result = read("\n".join(map(json.dumps, (good, bad))).encode())
    assert (result.broken, result.events["record"].to_list()) == ({2: rule}, [1])


def test_other_columns_that_nobody_knows_are_kept_aside():
    event = read(json.dumps(own_columns(CALL, int) | {"team": "ventas", "token": "x", "total_tokens": 1300}).encode())
    assert json.loads(event.events["units"][0])["extra"] == {"team": "ventas", "token": "x", "total_tokens": 1300}


def test_the_kinds_of_token_that_the_samples_and_the_price_book_know_are_known(samples):
    from genai_prices.data_units import unit_data

    assert [name for name in unit_data if unknown_kind(name)] == []
    for name in ("provider_usage_bodies.jsonl", "otlp_genai_spans.jsonl"):
        assert "unknown_unit" not in read(samples / "usage" / name).broken.values()
    assert unknown_kind("usage.hologram_tokens") == "hologram"
    assert unknown_kind("ai.usage.thoughtCrimeTokenCount") == "thought"
    for name in ("gen_ai.usage.cost", "cost_details.upstream_inference_cost", "costDetails.any", "total_time"):
        assert unknown_kind(name) is None


def test_the_bound_of_a_count_is_documented():
    assert f"{MAX_COUNT:,}" in (DATA.parents[2] / "docs" / "usage-formats.md").read_text()
