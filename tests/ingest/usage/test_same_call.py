"""One call, however it is written, is one event: the same counts and the same cost."""

from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from .reading import read
from .same_call import BODIES, LOGS, OWN, SPANS, Call, Dialect, own_jsonl

CALL = Call(input=1000, output=300, read=400, write=100, reasoning=120)
NUMBERS = {"integers": int, "texts": str, "texts with a sign": "{:+d}".format, "floats": float}


def of(dialect: Dialect, call: Call, number=int) -> dict[str, object]:
    result = read(dialect.say(call, number))
    assert result.rejections == []
    return result.events.row(0, named=True)


def counts(event):
    return Call(
        event["tokens_input"],
        event["tokens_output"],
        event["tokens_cache_read"],
        event["tokens_cache_write"],
        event["tokens_reasoning"],
    )


def costs(event):
    return [event[name] for name in ("provider", "cost_input", "cost_output", "total_cost", "price_version")]


def named(dialects):
    return pytest.mark.parametrize("dialect", dialects, ids=lambda dialect: dialect.name)


COUNTS = st.integers(0, 10**9)
CALLS = st.builds(
    lambda fresh, read, write, said, thought: Call(fresh + read + write, said + thought, read, write, thought),
    *[COUNTS] * 5,
)


@named((*SPANS, *BODIES, *LOGS, *OWN))
@settings(max_examples=20, deadline=None)  # the first reading sets Polars up
@example(CALL)
@given(CALLS)
def test_the_same_call_has_the_same_counts_and_cost(dialect, call):
    call = call.without(dialect.silent)
    event = of(dialect, call)
    expected = read(own_jsonl(call, int, dialect.called)).events.row(0, named=True)
    assert counts(event) == call
    assert costs(event) == costs(expected)
    assert (event["total_cost"] > 0) == (call.input + call.output > 0)


def test_it_costs_what_a_hand_computes():
    # 500 x 0.25 + 400 x 0.025 + 100 x 0.25 and 300 x 2 USD per million
    assert costs(of(OWN[2], CALL))[1:4] == [Decimal("0.00016"), Decimal("0.0006"), Decimal("0.00076")]


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
@named((*SPANS, *BODIES, *LOGS))
def test_counts_may_be_written_as_text_or_as_floats(dialect, number):
    assert counts(of(dialect, CALL.without(dialect.silent), number)) == CALL.without(dialect.silent)


@named(OWN)
def test_counts_of_our_own_may_be_written_as_text(dialect):
    assert counts(of(dialect, CALL.without(dialect.silent), str)) == CALL.without(dialect.silent)


EXCLUSIVE = (
    *("Anthropic's names, exclusive", "Vercel AI SDK with Anthropic's metadata", "Anthropic", "Bedrock"),
    *("Vercel AI SDK 4 with Anthropic's cache", "Vercel AI SDK with Bedrock's usage"),
    "OpenLIT with Anthropic",
)
INCLUSIVE = tuple(
    dialect
    for dialect in (*SPANS, *BODIES, *LOGS)
    if dialect.name not in EXCLUSIVE and "Gemini" not in dialect.name and "read" not in dialect.silent
)


@named(INCLUSIVE)
def test_parts_that_exceed_their_total_are_clamped_so_that_no_leaf_is_below_0(dialect):
    call = Call(input=100, output=30, read=400, write=100, reasoning=120).without(dialect.silent)
    event = of(dialect, call)
    reasoning = min(call.reasoning, 30)
    assert counts(event) == Call(input=100, output=30, read=100, write=0, reasoning=reasoning)
    assert 0 < event["cost_input"] < Decimal("0.01")
    assert costs(event) == costs(read(own_jsonl(counts(event), int, dialect.called)).events.row(0, named=True))
