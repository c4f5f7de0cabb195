"""Records of a CSV text one by one, bad ones included, and where the last whole record of some bytes ends."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

# A prompt may be longer than the 128 KiB the csv module allows a field by itself.
csv.field_size_limit(2**31 - 1)

_MAX_QUOTED_LINES = 2_000
"""A quote that is not closed within so many lines is a stray one: the record ends with its line."""


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """A record: the line it starts on, its text and fields, or the rule it breaks and why."""

    line: int
    text: str
    fields: tuple[str | None, ...] = ()
    rule: str | None = None
    reason: str | None = None


def last_record_end(data: bytes) -> int:
    """Return the position after the last line end outside quotes, 0 when there is none."""
    end = len(data)
    while end := data.rfind(b"\n", 0, end) + 1:
        if data.count(b'"', 0, end) % 2 == 0:
            return end
        # The line end is inside quotes: look before the quote that opened them.
        end = data.rfind(b'"', 0, end)
        if end < 0:
            return 0
    return 0


def records(data: bytes, separator: str, width: int, first: int) -> Iterator[CsvRecord]:
    """Yield the records of whole lines that start at line `first`; blank lines are none."""
    lines = data.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        end = _end_of_quotes(lines, at)
        text = b"\n".join(lines[at : end or at + 1]).rstrip(b"\r")
        yield _record(text, separator, width, first + at, closed=end is not None)
        at = end or at + 1


def _end_of_quotes(lines: list[bytes], start: int) -> int | None:
    """Return the line after the one that closes every quote opened from `start` on, None when none does soon."""
    quotes = 0
    for at in range(start, min(len(lines), start + _MAX_QUOTED_LINES)):
        quotes += lines[at].count(b'"')
        if quotes % 2 == 0:
            return at + 1
    return None


def _record(text: bytes, separator: str, width: int, line: int, *, closed: bool) -> CsvRecord:
    shown = text.decode(errors="replace")
    if not closed:
        return CsvRecord(
            line, shown, rule="unclosed_quote", reason="a quotation mark is not closed: close or double it"
        )
    try:
        fields = next(csv.reader([text.decode()], delimiter=separator, strict=True))
    except UnicodeDecodeError:
        return CsvRecord(line, shown, rule="not_utf8", reason="the record is not UTF-8 text: save the file as UTF-8")
    except csv.Error as error:
        return CsvRecord(line, shown, rule="bad_quoting", reason=f"the record is badly quoted ({error}): correct it")
    if len(fields) != width:
        reason = f"the record has {len(fields)} fields, the header {width}: add or quote what is missing"
        return CsvRecord(line, shown, rule="wrong_field_count", reason=reason)
    return CsvRecord(line, shown, fields=tuple(fields))
