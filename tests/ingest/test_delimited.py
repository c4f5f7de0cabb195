import io
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cauce.errors import SkippableError
from ingest.delimited import Check, checked, header_columns, plain, read_rows
from ingest.encoding import blocks, decode_head, text_encoding
from ingest.formats import Source

ALIASES = {"a": ("alfa",), "b": ("beta",), "c": ()}
CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from("\n,;\t"), max_size=8)


def rows(text: str | bytes, required=("a",)):
    data = text.encode() if isinstance(text, str) else text
    source = Source(Path("t"), io.BytesIO(data), "t.csv", len(data), datetime.now(UTC), "UTC")
    return list(read_rows(source, ALIASES, required))


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


@given(
    st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=20), st.sampled_from(",;\t"), st.sampled_from(["\n", "\r\n"])
)
def test_what_a_spreadsheet_writes_is_read_back_each_row_with_its_line(table, separator, end):
    lines = [separator.join(map(quoted, row)) for row in table]
    read = rows(end.join([f"Alfa{separator}BETA", *lines]))
    found = pl.concat([batch.frame for batch in read])
    expected = [tuple(cell.strip() or None for cell in row) for row in table if any(cell.strip() for cell in row)]
    assert found.select("a", "b").rows() == expected
    assert found.height + sum(batch.blank for batch in read) == len(table)
    assert found["line"].is_sorted()


def test_a_row_of_several_lines_counts_them():
    (batch,) = rows('a,b\n"one\ntwo",1\n\nx,2\n')
    assert batch.frame.select("record", "line", "a").rows() == [(1, 2, "one\ntwo"), (2, 5, "x")]


def test_broken_quotes_cost_one_line_and_no_more():
    (batch,) = rows('a,b\n1,"open\n2,2\n"a"x,3\n4,4\n')
    assert [(r.line, r.rule) for r in batch.rejections] == [(2, "malformed_row"), (4, "malformed_row")]
    assert batch.frame["a"].to_list() == ["2", "4"]


def test_a_quote_that_never_closes_does_not_swallow_a_long_file():
    (batch,) = rows("a,b\n" + '1,"open\n' + "2,2\n" * 5000)
    assert batch.frame.height == 5000
    assert [r.line for r in batch.rejections] == [2]


def test_a_line_without_end_is_one_refused_row():
    (batch,) = rows("a,b\n" + "x" * 3_000_000 + "\n2,2\n")
    assert [r.rule for r in batch.rejections] == ["malformed_row"]
    assert batch.frame["a"].to_list() == ["2"]


def test_columns_that_are_not_known_are_left_aside_and_missing_ones_are_null():
    (batch,) = rows("extra,ALFA\n9,1\n")
    assert batch.frame.select("a", "b", "c").rows() == [("1", None, None)]


@pytest.mark.parametrize("header", ["b,c", "", "\ufeff"])
def test_a_missing_column_is_named_with_the_line(header):
    with pytest.raises(SkippableError, match=r"no column a — t\.csv, line 1"):
        rows(f"{header}\n1,2\n")


def test_many_rows_come_in_batches():
    read = rows("a\n" + "1\n" * 60_000)
    assert [batch.frame.height for batch in read] == [25_000, 25_000, 10_000]
    assert read[-1].frame["record"][-1] == 60_000


def test_the_first_broken_rule_decides_and_null_breaks_none():
    (batch,) = rows("a,b\n1,x\n2,\n3,y\n")
    checks = [
        Check("first", "a", "no three", pl.col("a") == "3"),
        Check("second", "b", "no y", pl.col("b").is_in(["y", "x"])),
    ]
    good, bad = checked(batch, batch.frame, checks)
    assert good["a"].to_list() == ["2"]
    assert [(r.record, r.rule) for r in bad] == [(1, "second"), (3, "first")]


@pytest.mark.parametrize(
    ("text", "word"),
    [("  Según  Necesidad ", "segun_necesidad"), ("Período", "periodo"), ("a-b.c", "a_b_c"), ("¿?", "")],
)
def test_names_are_compared_plainly(text, word):
    assert plain(text) == word


def test_the_header_is_recognised_in_any_encoding_and_with_any_separator():
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        assert header_columns("Alfa;BETA;otra\r\n1;2;3".encode(encoding), ALIASES) == {"a", "b"}
    assert header_columns(b'{"a": 1}', ALIASES) == frozenset()


@given(st.text(max_size=200), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_text_in_a_unicode_encoding_is_read_as_it_was_written(text, encoding):
    stream = io.BytesIO(text.encode(encoding))
    found = text_encoding(stream, "cp1252")
    assert "".join(blocks(stream, found)) == text.removeprefix("\ufeff" if encoding == "utf-8" else "")


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        ("1252", "cp1252"),
        ("850", "cp850"),
        ("ISO-8859-2", "iso8859-2"),
        ("NONE", "cp1252"),
        (None, "cp1252"),
        ("rot13", "cp1252"),
    ],
)
def test_what_is_no_utf_8_is_what_it_says_if_that_is_an_encoding(declared, found):
    assert text_encoding(io.BytesIO("peña".encode("cp1252")), declared) == found


def test_a_head_that_ends_within_a_character_is_decoded_all_the_same():
    assert decode_head("peña".encode()[:3]) == "pe"
