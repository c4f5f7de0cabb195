"""One month of usage events of everybody, drawn at once: conversations first, then the events in them."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from cauce.demo.agents import AGENTS, MODELS, UNKNOWN_MODEL
from cauce.demo.habits import WEEKDAY_WEIGHTS, Habits
from cauce.demo.phrases import ERRORS, PHRASES
from cauce.demo.plan import DemoPerson
from cauce.demo.randomness import generator
from cauce.demo.window import Month, Window, at, utc_offset_seconds

ROUTES = ("jsonl", "csv", "parquet", "otlp", "provider")
"""By which way an event reaches us; all events of a conversation go the same way."""
ROUTE_SHARES = (0.24, 0.14, 0.38, 0.12, 0.12)
LONG_CONTEXT = {"programador": 5.0, "investigador": 4.0, "asistente-financiero": 1.5}
UNKNOWN_SHARE, LATE_SHARE, FAILED_SHARE, TEXT_SHARE = 0.003, 0.004, 0.01, 0.06

COLUMNS: dict[str, type[pl.DataType] | pl.DataType] = {
    "hex": pl.String,
    "timestamp": pl.Datetime("us", "UTC"),
    "user": pl.String,
    "agent": pl.String,
    "conversation": pl.String,
    "provider": pl.String,
    "model": pl.String,
    "input_tokens": pl.Int64,
    "output_tokens": pl.Int64,
    "cache_read_tokens": pl.Int64,
    "cache_write_tokens": pl.Int64,
    "reasoning_tokens": pl.Int64,
    "duration_ms": pl.Int64,
    "success": pl.Boolean,
    "error": pl.String,
    "prompt": pl.String,
    "completion": pl.String,
    "route": pl.String,
    "late": pl.Boolean,
}
SCHEMA = pl.Schema(COLUMNS)
"""`hex` (16 digits, unique) names the event; token counts are inclusive: input of cache, output of reasoning."""

Ints = npt.NDArray[np.int64]


def month_events(seed: int, people: Sequence[DemoPerson], habits: Habits, window: Window, index: int) -> pl.DataFrame:
    """Draw the events of the window's month `index` (rows of `SCHEMA`, by time), up to the end of the window."""
    month = window.months[index]
    random = generator(seed, "usage", month)
    length = 3.25
    conversations = random.poisson(habits.expected[:, index] / length)
    person = np.repeat(np.arange(len(people)), conversations)
    size = person.size
    if size == 0:
        return pl.DataFrame(schema=SCHEMA)
    starts = _starts(random, people, habits, month, person)
    agent = (random.random(size)[:, None] > habits.agents[person]).sum(axis=1).clip(0, len(AGENTS) - 1)
    model = _models(random, agent)
    route = random.choice(len(ROUTES), size, p=ROUTE_SHARES)
    route[model == len(MODELS)] = 0  # the unknown model's provider is not known either
    names = _hex(random, size, 8)

    turns = np.minimum(random.geometric(0.3, size), 20)
    of = np.repeat(np.arange(size), turns)
    turn = np.arange(of.size) - np.repeat(np.cumsum(turns) - turns, turns)
    gaps = np.where(turn == 0, 0.0, random.exponential(55.0, of.size) + 4.0)
    elapsed = np.cumsum(gaps)
    elapsed -= np.repeat(elapsed[turn == 0], turns)
    milliseconds = ((starts[of] + elapsed) * 1000).astype(np.int64)

    frame = pl.DataFrame(
        {
            "hex": _hex(random, of.size, 16),
            "timestamp": pl.Series(milliseconds * 1000).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            "user": pl.Series([p.email for p in people]).gather(person[of]),
            "agent": pl.Series([a.slug for a in AGENTS]).gather(agent[of]),
            "conversation": pl.Series([f"conv-{name}" for name in names]).gather(of),
            "provider": pl.Series([*[m.provider for m in MODELS], None]).gather(model[of]),
            "model": pl.Series([*[m.name for m in MODELS], UNKNOWN_MODEL]).gather(model[of]),
            **_tokens(random, agent[of], model[of], turn, random.lognormal(5.4, 0.5, size)[of]),
            "route": pl.Series(ROUTES).gather(route[of]),
            "late": random.random(of.size) < LATE_SHARE,
        }
    )
    return (
        _with_texts(random, frame, agent[of])
        .select(list(SCHEMA))
        .filter(pl.col("timestamp") < window.end)
        .sort("timestamp", "hex")
    )


def _starts(
    random: np.random.Generator, people: Sequence[DemoPerson], habits: Habits, month: Month, person: Ints
) -> npt.NDArray[np.float64]:
    """Give each conversation's start in seconds since 1970: working hours by the person's own clock."""
    size = person.size
    days = [month.first.replace(day=day) for day in range(1, month.days + 1)]
    weights = WEEKDAY_WEIGHTS[[day.weekday() for day in days]]
    day = random.choice(len(days), size, p=weights / weights.sum())
    kind = random.random(size)
    hour = np.where(
        kind < 0.5,
        random.normal(0.0, 1.3, size) + habits.peak_hour[person],
        np.where(kind < 0.85, random.normal(16.3, 1.4, size), random.normal(20.8, 1.5, size)),
    ).clip(0.0, 23.8)
    noons = [at(d, 12, 0, "UTC") for d in days]
    offsets = {
        zone: [utc_offset_seconds(d, zone) for d in days]
        for zone in sorted({p.zone_at(noon) for p in people for noon in (noons[0], noons[-1])})
    }
    ahead = np.array([[offsets[p.zone_at(noon)][i] for i, noon in enumerate(noons)] for p in people])
    midnight = datetime(month.year, month.number, 1, tzinfo=UTC).timestamp()
    starts: npt.NDArray[np.float64] = midnight + day * 86_400.0 + hour * 3600.0 - ahead[person, day]
    return starts


def _models(random: np.random.Generator, agent: Ints) -> Ints:
    draw = random.random(agent.size)
    model = np.full(agent.size, len(MODELS), dtype=np.int64)
    for index, spec in enumerate(AGENTS):
        shares = np.cumsum([share for _, share in spec.models])
        choice = np.searchsorted(shares, draw * shares[-1], side="right").clip(0, len(shares) - 1)
        model = np.where(agent == index, np.array([m for m, _ in spec.models])[choice], model)
    return np.where(random.random(agent.size) < UNKNOWN_SHARE, len(MODELS), model)


def _tokens(
    random: np.random.Generator, agent: Ints, model: Ints, turn: Ints, growth: npt.NDArray[np.float64]
) -> dict[str, pl.Series]:
    """Draw counts, duration and outcome. The context grows with each turn, and what was sent before is cached."""
    size = turn.size
    factor = np.array([LONG_CONTEXT.get(a.slug, 1.0) for a in AGENTS])[agent]
    caches = np.array([*[m.caches for m in MODELS], False])[model]
    writes = np.array([*[m.provider == "anthropic" for m in MODELS], False])[model]
    reasons = np.array([*[m.reasons for m in MODELS], False])[model]
    sent = ((random.lognormal(6.0, 0.6, size) + turn * growth) * factor).astype(np.int64) + 8
    read = np.where(caches & (turn > 0), sent * random.uniform(0.35, 0.85, size), 0).astype(np.int64)
    written = np.where(writes & (turn == 0) & (random.random(size) < 0.5), sent * 0.7, 0).astype(np.int64)
    said = random.lognormal(5.2, 0.75, size).astype(np.int64) + 3
    thought = np.where(reasons, said * random.uniform(0.4, 3.0, size), 0).astype(np.int64)
    failed = random.random(size) < FAILED_SHARE
    silent = failed & (random.random(size) < 0.6)
    answered = np.where(failed, 0, said + thought)
    duration = 350 + answered * random.uniform(5.0, 16.0, size) + random.lognormal(5.0, 0.8, size)
    error = pl.Series(ERRORS).gather(random.integers(0, len(ERRORS), size))
    return {
        "input_tokens": pl.Series(np.where(silent, 0, sent)),
        "output_tokens": pl.Series(answered),
        "cache_read_tokens": pl.Series(np.where(failed, 0, read)),
        "cache_write_tokens": pl.Series(np.where(failed, 0, written)),
        "reasoning_tokens": pl.Series(np.where(failed, 0, thought)),
        "duration_ms": pl.Series(duration.astype(np.int64)),
        "success": pl.Series(~failed),
        "error": pl.DataFrame({"e": error, "f": failed}).select(pl.when("f").then("e")).to_series(),
    }


def _with_texts(random: np.random.Generator, frame: pl.DataFrame, agent: Ints) -> pl.DataFrame:
    """Put a prompt and an answer on some of the events that went well."""
    flat = [(a, pair) for a, spec in enumerate(AGENTS) for pair in PHRASES[spec.slug]]
    first = np.searchsorted([a for a, _ in flat], np.arange(len(AGENTS)))
    count = np.array([len(PHRASES[spec.slug]) for spec in AGENTS])
    chosen = first[agent] + (random.random(frame.height) * count[agent]).astype(np.int64)
    spoken = pl.Series(random.random(frame.height) < TEXT_SHARE) & frame["success"]
    texts = pl.DataFrame({"prompt": [p for _, (p, _) in flat], "completion": [c for _, (_, c) in flat]})
    return frame.hstack(texts[chosen]).with_columns(
        pl.when(spoken).then("prompt").alias("prompt"), pl.when(spoken).then("completion").alias("completion")
    )


def _hex(random: np.random.Generator, size: int, digits: int) -> list[str]:
    text = random.bytes(size * digits // 2).hex()
    return [text[start : start + digits] for start in range(0, size * digits, digits)]
