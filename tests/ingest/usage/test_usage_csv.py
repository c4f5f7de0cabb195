import json

import pytest

from cauce.errors import SkippableError

from .reading import DATA, read

HEADER = b"event_id,timestamp,model,input_tokens,output_tokens,prompt\n"


def row(number: int, prompt: str = "hola") -> bytes:
    return f"e-{number},2026-03-01T09:30:00Z,gpt-4o-mini,10,5,{prompt}\n".encode()


def test_a_good_file_means_the_same_as_the_json_lines():
    events = read(DATA / "good.csv").events
    same = read(DATA / "good.jsonl").events.head(2)
    assert events["content_hash"].to_list() == same["content_hash"].to_list()
    assert events["total_cost"].to_list() == same["total_cost"].to_list()
    assert events["prompt"][0] == '¿Cuánto gasté, en total?\nDime "todo"'
    assert events["line"].to_list() == [2, 4]  # the first record has two lines


def test_semicolons_a_mark_windows_line_ends_and_blank_lines_are_read():
    result = read(DATA / "semicolon.csv")
    assert (result.format, result.read) == ("cauce-usage-csv", 2)
    assert result.events["line"].to_list() == [2, 4]
    assert json.loads(result.event("s-1")["units"]) == {"extra": {"team": "ventas"}}
    assert result.event("s-2")["units"] is None


def test_each_bad_record_is_one_rejection_and_the_rest_loads():
    result = read(DATA / "bad.csv")
    assert result.events["event_id"].to_list() == ["b-1", "b-8"]
    assert {r.record: (r.line, r.rule) for r in result.rejections} == {
        2: (3, "wrong_field_count"),
        3: (4, "wrong_field_count"),
        4: (5, "not_an_integer"),
        5: (7, "naive_timestamp"),
        6: (8, "missing_value"),
        7: (9, "bad_quoting"),
        9: (11, "unclosed_quote"),
    }


def test_a_rejected_record_can_be_read_again_by_itself():
    rejection = next(r for r in read(DATA / "bad.csv").rejections if r.rule == "not_an_integer")
    assert read(rejection.raw.encode()).broken == {1: "not_an_integer"}
    fixed = read(rejection.raw.replace("1.5", "2").encode())
    assert fixed.events["prompt"].to_list() == ["dos\nlíneas"]


def test_a_record_short_of_fields_is_refused_although_quotes_hide_separators():
    data = HEADER + row(1, '"a,b,c"') + b"e-2,2026-03-01T09:30:00Z,gpt-4o-mini,1,1\n" + row(3)
    result = read(data)
    assert (result.events["event_id"].to_list(), result.broken) == (["e-1", "e-3"], {2: "wrong_field_count"})


def test_a_stray_quote_spoils_its_own_record_only():
    data = HEADER + row(1) + row(2, '"sin cerrar') + b"".join(row(n) for n in range(3, 3_000))
    result = read(data)
    assert result.broken == {2: "unclosed_quote"}
    assert result.events.height == 2_998


def test_blocks_end_at_records_not_inside_quotes(monkeypatch):
    monkeypatch.setattr("ingest.usage.lines.BLOCK_BYTES", 2**16)
    rows = [row(n, f'"uno\ndos, {n}\n"') for n in range(1, 6_001)]
    result = read(HEADER + b"".join(rows))
    assert result.events["prompt"].to_list() == [f"uno\ndos, {n}\n" for n in range(1, 6_001)]
    assert result.events["line"].to_list() == [2 + 3 * n for n in range(6_000)]


def test_text_in_another_encoding_is_refused_record_by_record():
    result = read(HEADER + row(1) + "e-2,2026-03-01T09:30:00Z,gpt-4o-mini,1,1,año\n".encode("latin-1") + row(3))
    assert result.broken == {2: "not_utf8"}


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"event_id,timestamp,model,input_tokens\n", "has no column output_tokens"),
        (HEADER.replace(b"prompt", b"model"), "names model twice"),
    ],
)
def test_a_header_that_cannot_be_read_says_what_it_needs(header, said):
    with pytest.raises(SkippableError, match=said):
        read(header + row(1))
