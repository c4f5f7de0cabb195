"""The entries of a bundle one by one, each with its line and its text, however large the file.

The standard library's decoder finds where each entry ends, so that memory holds one entry and not the bundle; a reader
of events (ijson) would be as bounded but knows neither lines nor the text that quarantine keeps.
"""

import codecs
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, BinaryIO, NamedTuple

from cauce.errors import SkippableError

_BLOCK = 256 * 1024
_LONGEST = 64 * 1024 * 1024
_NEAR_END = 64
_BLANKS = " \t\r\n"
DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=lambda _name: None, strict=False)
"""Numbers stay exact; NaN and Infinity, which JSON does not have, become null."""


class Element(NamedTuple):
    """A piece of a document: its value, its text, and the line it begins on. `value` is None when it is no JSON."""

    value: Any
    text: str
    line: int


def entries(stream: BinaryIO, where: str) -> Iterator[Element]:
    """Give the entries of a bundle, or of several one after the other.

    Raises `SkippableError` when the JSON breaks off or is malformed, or is no bundle.
    """
    stream.seek(0)
    cursor = _Cursor(stream, where)
    while cursor.peek():
        yield from _document(cursor)


def lines(stream: BinaryIO, where: str) -> Iterator[Element]:
    """Give the values of a file of JSON lines; a line that is no JSON costs only itself.

    Raises `SkippableError` at a line that is too long to be a resource.
    """
    stream.seek(0)
    for number, data in enumerate(iter(lambda: stream.readline(_LONGEST), b""), 1):
        if len(data) == _LONGEST:
            raise SkippableError(
                f"a line is longer than {_LONGEST // 1024**2} MiB",
                where=f"{where}, line {number}",
                action="write one resource on each line",
            )
        text = data.decode("utf-8-sig" if number == 1 else "utf-8", errors="replace").strip()
        if not text:
            continue
        try:
            value = DECODER.decode(text)
        except (ValueError, RecursionError):
            value = None
        yield Element(value, text, number)


def _document(cursor: "_Cursor") -> Iterator[Element]:
    cursor.expect("{")
    kind = None
    while cursor.peek() != "}":
        key = cursor.value().value
        cursor.expect(":")
        if key == "entry" and cursor.peek() == "[":
            yield from _array(cursor)
        else:
            value = cursor.value().value
            kind = value if key == "resourceType" else kind
        if cursor.peek() != "}":
            cursor.expect(",")
    cursor.expect("}")
    if kind != "Bundle":
        raise SkippableError("the document is not a FHIR bundle", where=cursor.where, action="export a Bundle")


def _array(cursor: "_Cursor") -> Iterator[Element]:
    cursor.expect("[")
    while cursor.peek() != "]":
        yield cursor.value()
        if cursor.peek() != "]":
            cursor.expect(",")
    cursor.expect("]")


class _Cursor:
    """A place in a text that is read as it is needed."""

    def __init__(self, stream: BinaryIO, where: str) -> None:
        self.where = where
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._text = ""
        self._at = 0
        self._line = 1
        self._ended = False

    def peek(self) -> str:
        """Skip blanks and give the next character, or nothing at the end."""
        while True:
            for at in range(self._at, len(self._text)):
                if self._text[at] not in _BLANKS:
                    self._move(at)
                    return self._text[at]
            self._move(len(self._text))
            if not self._more():
                return ""

    def expect(self, character: str) -> None:
        if self.peek() != character:
            raise self._broken()
        self._move(self._at + 1)

    def value(self) -> Element:
        """Decode the value that begins here."""
        self.peek()
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                cut = error.pos > len(self._text) - _NEAR_END or error.msg.startswith("Unterminated")
                if not cut or not self._more():
                    raise self._broken() from None
            except (ValueError, RecursionError):
                raise self._broken() from None
            else:
                if end < len(self._text) or not self._more():
                    element = Element(value, self._text[self._at : end], self._line)
                    self._move(end)
                    return element

    def _move(self, at: int) -> None:
        self._line += self._text.count("\n", self._at, at)
        self._at = at

    def _more(self) -> bool:
        if self._ended or len(self._text) - self._at > _LONGEST:
            return False
        data = self._stream.read(max(_BLOCK, len(self._text) - self._at))
        self._ended = not data
        self._text = self._text[self._at :] + self._decoder.decode(data, final=self._ended)
        self._at = 0
        return not self._ended

    def _broken(self) -> SkippableError:
        return SkippableError(
            "the JSON breaks off or is malformed here",
            where=f"{self.where}, line {self._line}",
            action="export the file again",
        )
