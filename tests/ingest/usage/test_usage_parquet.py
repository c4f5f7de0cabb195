import io
import json
from datetime import datetime

import polars as pl
import pytest

from cauce.errors import SkippableError

from .reading import DATA, read


def parquet(**columns: object) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_parquet(buffer)
    return buffer.getvalue()


def test_a_good_file_means_the_same_as_the_json_lines():
    result = read(DATA / "good.parquet")
    same = read(DATA / "good.jsonl").events.head(2)
    assert result.events["content_hash"].to_list() == same["content_hash"].to_list()
    assert json.loads(result.event("g-1")["units"]) == {"extra": {"team": "ventas"}}


def test_each_bad_row_is_one_rejection_that_can_be_read_again():
    result = read(DATA / "bad.parquet")
    assert result.broken == {1: "not_an_integer", 2: "not_an_integer", 3: "impossible_time", 4: "missing_value"}
    for rejection in result.rejections:
        again = read(rejection.raw.encode())
        assert (again.format, list(again.broken.values())) == ("cauce-usage-jsonl", [rejection.rule])


def test_a_time_without_a_zone_is_refused():
    columns = {"event_id": ["e"], "model": ["gpt-4o-mini"], "input_tokens": [1], "output_tokens": [1]}
    result = read(parquet(timestamp=[datetime(2026, 3, 1)], **columns))  # noqa: DTZ001 - the point of it
    assert result.broken == {1: "naive_timestamp"}


def test_a_large_file_comes_in_bounded_chunks():
    count = 120_000
    data = pl.select(
        event_id=pl.int_range(count).cast(pl.String),
        timestamp=pl.lit("2026-03-01T09:30:00Z"),
        model=pl.lit("gpt-4o-mini"),
        input_tokens=pl.int_range(count),
        output_tokens=pl.lit(1),
    )
    buffer = io.BytesIO()
    data.write_parquet(buffer)
    result = read(buffer.getvalue())
    assert result.events["record"].to_list() == list(range(1, count + 1))
    assert result.events["tokens_input"].to_list() == list(range(count))


def test_a_file_of_something_else_and_a_broken_one_are_refused_whole():
    with pytest.raises(SkippableError, match="has no column"):
        read(parquet(a=[1]))
    with pytest.raises(SkippableError, match="not readable as Parquet"):
        read((DATA / "good.parquet").read_bytes()[:-10])
