from collections import Counter
from datetime import UTC, datetime

import polars as pl
import pytest
from genai_prices import Usage, calc_price

from cauce.demo.agents import MODELS, UNKNOWN_MODEL
from cauce.demo.plan import FX_FORMAT
from tests.cauce.demo.conftest import Demo
from tests.cauce.demo.reading import Reading, read

TOKENS = ("tokens_input", "tokens_output")


@pytest.fixture(scope="module")
def readings(demo: Demo) -> dict[str, Reading]:
    usage = [expected.file for expected in demo.plan.expectations if expected.domain == "usage"]
    return {file: read(demo.folder / file) for file in usage}


@pytest.fixture(scope="module")
def events(readings: dict[str, Reading]) -> pl.DataFrame:
    """All events in the order of the files, with the file they stand in."""
    usage = {file: reading for file, reading in readings.items() if "usage" in reading.frames}
    return pl.concat([reading.frame("usage").with_columns(file=pl.lit(file)) for file, reading in usage.items()])


@pytest.fixture(scope="module")
def first(events: pl.DataFrame) -> pl.DataFrame:
    """The events that a load keeps: the first of each."""
    return events.unique(["source", "event_id"], keep="first", maintain_order=True)


def test_every_file_is_recognised_and_accounted_for(demo: Demo, readings: dict[str, Reading]) -> None:
    for expected in demo.plan.expectations:
        if expected.domain != "usage":
            continue
        reading = readings[expected.file]
        assert (reading.domain, reading.format) == ("usage", expected.format)
        assert (expected.file, reading.read) == (expected.file, expected.read)
        assert (expected.file, len(reading.rejections)) == (expected.file, expected.malformed)
        assert (expected.file, sum(reading.ignored.values())) == (expected.file, sum(expected.ignored.values()))


def test_good_duplicate_conflicting_and_unattributed_events_are_as_planned(demo: Demo, events: pl.DataFrame) -> None:
    people = {person.email for person in demo.plan.people}
    known: dict[tuple[str, str], bytes] = {}
    found: dict[str, Counter[str]] = {}
    tokens: dict[str, list[int]] = {}
    columns = ("file", "source", "event_id", "user_email", "content_hash", *TOKENS)
    for file, source, event, user, content, sent, said in events.select(columns).iter_rows():
        counts, sums = found.setdefault(file, Counter()), tokens.setdefault(file, [0, 0])
        if user not in people:
            counts["unattributed"] += 1
        elif (source, event) not in known:
            known[source, event] = content
            counts["good"] += 1
            sums[0] += sent
            sums[1] += said
        else:
            counts["duplicate" if known[source, event] == content else "conflict"] += 1
    for expected in demo.plan.expectations:
        if expected.holds_events:
            kinds = ("good", "duplicate", "conflict", "unattributed")
            assert found[expected.file] == Counter({kind: getattr(expected, kind) for kind in kinds}), expected.file
            assert tokens[expected.file] == [expected.tokens_input, expected.tokens_output], expected.file
    assert len(known) == demo.plan.events


def test_a_dollar_has_a_rate_on_every_banking_day(demo: Demo, readings: dict[str, Reading]) -> None:
    rates = next(reading for reading in readings.values() if reading.format == FX_FORMAT).frame("fx_rate")
    assert rates["date"].is_unique().all()
    assert rates["date"].min() < demo.plan.today.replace(year=demo.plan.today.year - 1)  # type: ignore[operator]
    assert rates["date"].dt.weekday().max() == 5
    assert rates["rate"].cast(pl.Float64).is_between(15, 22).all()


def test_every_case_is_there(demo: Demo) -> None:
    names = ("late", "duplicate", "overlapping_export", "conflict", "malformed_usage", "unknown_model", "unattributed")
    assert all(demo.records(name) > 0 for name in (*names, "month_end", "zone_change"))


def test_malformed_records_break_several_rules(readings: dict[str, Reading]) -> None:
    rules = {(reading.format, rejection.rule) for reading in readings.values() for rejection in reading.rejections}
    assert len({name for name, _ in rules}) == 5
    assert len(rules) >= 10


def test_late_events_stand_in_the_file_of_a_later_month(demo: Demo, events: pl.DataFrame) -> None:
    month = pl.col("timestamp").dt.convert_time_zone("America/Mexico_City").dt.strftime("%Y-%m")
    late = events.filter((month < pl.col("file").str.slice(6, 7)) & pl.col("user_email").is_not_null())
    assert late.height >= demo.records("late") * 0.95


def test_known_models_have_a_price_and_one_model_has_none(first: pl.DataFrame) -> None:
    unpriced = first.filter(pl.col("total_cost").is_null())
    assert set(unpriced["model"]) == {UNKNOWN_MODEL}
    assert unpriced.height == first.filter(pl.col("model") == UNKNOWN_MODEL).height > 100


@pytest.mark.parametrize("year", [2025, 2026])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_price_list_knows_the_model(model: object, year: int) -> None:
    found = next(known for known in MODELS if known == model)
    usage = Usage(input_tokens=1_000, output_tokens=1_000)
    when = datetime(year, 11, 1, tzinfo=UTC)
    price = calc_price(usage, found.name, provider_id=found.provider, genai_request_timestamp=when)
    assert price.total_price > 0


def test_month_end_event(demo: Demo, first: pl.DataFrame) -> None:
    case = next(case for case in demo.plan.cases if case.name == "month_end")
    event = first.filter(pl.col("event_id").is_in(case.keys)).row(0, named=True)
    assert event["timestamp"] == datetime(2026, 11, 1, 2, tzinfo=UTC)
    assert event["user_email"] == "ana@demo.example"


def test_events_lie_on_both_sides_of_midnight_when_luis_moves(demo: Demo, first: pl.DataFrame) -> None:
    keys = [key for case in demo.plan.cases if case.name == "zone_change" for key in case.keys]
    moved = first.filter(pl.col("event_id").is_in(keys)).sort("timestamp")
    luis = next(person for person in demo.plan.people if person.email == "luis@demo.example")
    instant = luis.timezone_changes[1][0]
    before = moved.filter(pl.col("timestamp") < instant)["timestamp"].dt.convert_time_zone("America/Mexico_City")
    after = moved.filter(pl.col("timestamp") >= instant)["timestamp"].dt.convert_time_zone("America/Tijuana")
    assert [f"{at:%m-%d %H:%M}" for at in before] == ["04-29 23:50", "04-30 00:10", "04-30 11:30"]
    assert [f"{at:%m-%d %H:%M}" for at in after] == ["04-30 23:30", "05-01 00:15", "05-01 23:45"]
    # In the zone that Luis left, and in UTC, the second of these is in May already.
    assert after[0].astimezone(UTC).month == 5


def test_the_shape_of_a_service(first: pl.DataFrame) -> None:
    local = first.with_columns(pl.col("timestamp").dt.convert_time_zone("America/Mexico_City"))
    weekday = local.group_by(pl.col("timestamp").dt.weekday().alias("day")).len().sort("day")["len"].to_list()
    assert min(weekday[:5]) > 2 * max(weekday[5:])
    hours = local["timestamp"].dt.hour()
    assert hours.is_between(8, 18).mean() > 0.7  # type: ignore[operator]
    failed = (~first["success"]).mean()
    assert isinstance(failed, float)
    assert 0.005 < failed < 0.015
    by_month = first.group_by(pl.col("timestamp").dt.strftime("%Y-%m").alias("m")).len().sort("m")["len"].to_list()
    assert by_month[-2] > 1.6 * by_month[0]
    by_user = first["user_email"].value_counts(sort=True)["count"].to_list()
    assert by_user[0] > 10 * by_user[-1] > 0
    for column in ("tokens_cache_read", "tokens_cache_write", "tokens_reasoning", "prompt", "completion"):
        assert first.filter(pl.col(column).is_not_null() & (pl.col(column).cast(pl.String) != "0")).height > 1_000
    assert first.group_by("conversation").len()["len"].mean() > 2  # type: ignore[operator]
