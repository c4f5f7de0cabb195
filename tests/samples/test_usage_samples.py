"""What the formats make of the real usage files: nothing vanishes, and every known price is met exactly."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.ingest.usage.reading import read
from tests.ingest.usage.same_call import SPANS, Call

RECEIVED = datetime(2026, 11, 22, tzinfo=UTC)
COUNTS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "output_reasoning_tokens")
COLUMNS = ["tokens_input", "tokens_output", "tokens_cache_read", "tokens_cache_write", "tokens_reasoning"]


def test_the_475_bodies_with_a_known_price_get_exactly_it_and_the_other_125_an_unknown_one(samples: Path):
    path = samples / "usage" / "provider_usage_bodies.jsonl"
    bodies = [json.loads(line) for line in path.read_text().splitlines()]
    result = read(path, RECEIVED)
    assert (result.read, result.events.height, result.rejections) == (600, 600, [])
    events = {event["event_id"]: event for event in result.events.iter_rows(named=True)}
    known = unknown = 0
    for body in bodies:
        event, expected = events[body["id"]], body["expected"]
        if expected is None:
            unknown += event["total_cost"] is None
            continue
        costs = (event["cost_input"], event["cost_output"])
        assert costs == (Decimal(expected["input_price"]), Decimal(expected["output_price"])), body["id"]
        core = dict(zip(COUNTS, (event[c] for c in COLUMNS), strict=True))
        reported = core | json.loads(event["units"] or "{}")
        assert _something(reported) == _something(expected["usage"]), body["id"]
        known += 1
    assert (known, unknown) == (475, 125)
    searched = events["body-0255"]
    assert searched["total_cost"] == searched["cost_input"] + searched["cost_output"] + Decimal("0.01")


def _something(units: dict[str, Any]) -> dict[str, Any]:
    return {unit: count for unit, count in units.items() if count}


def test_the_13_spans_are_events_or_counted_by_kind(samples: Path):
    result = read(samples / "usage" / "otlp_genai_spans.jsonl", RECEIVED)
    assert (result.read, result.rejections) == (13, [])
    assert result.ignored == {"tool span": 1, "span without usage": 3}
    counts = dict(zip(result.events["line"], result.events.select(COLUMNS).rows(), strict=True))
    assert counts == {
        1: (14, 96, 0, 0, 0),
        2: (0, 0, 0, 0, 0),  # names a model, reports no counts
        4: (50_000, 200, 40_000, 5_000, 0),
        7: (100, 50, 0, 0, 30),
        8: (0, 50, 0, 0, 50),  # 60 reported
        9: (130, 40, 20, 10, 0),  # Anthropic's names: the cache comes on top
        10: (100, 0, 0, 0, 0),
        11: (9_500, 200, 1_500, 3_000, 0),
        12: (10_216, 178, 4_482, 0, 0),
    }
    openlit = result.events.row(0, named=True)
    assert openlit["total_cost"] == Decimal("0.000151")  # what the span itself says it cost


def test_every_sample_span_yields_the_same_counts_whatever_its_dialect(samples: Path):
    events = read(samples / "usage" / "otlp_genai_spans.jsonl", RECEIVED).events
    calls = [Call(*counts) for counts in events.select(COLUMNS).rows()]
    assert len(calls) == 9
    for dialect in SPANS:
        for call in calls:
            told = call.without(dialect.silent)
            [said] = read(dialect.say(told, int), RECEIVED).events.select(COLUMNS).rows()
            assert Call(*said) == told, dialect.name
