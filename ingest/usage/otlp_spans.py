"""Spans out of OTLP/JSON: documents in lines, one document over many lines, or one too large to hold.

A document of more than `WHOLE_BYTES` is streamed twice: once for the resources and how many spans each has, once for
the spans, so that memory does not grow with it.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import ijson  # type: ignore[import-untyped]
import orjson
from ijson.common import ObjectBuilder  # type: ignore[import-untyped]

from ingest.usage.lines import BOM
from ingest.usage.values import json_text

WHOLE_BYTES = 16 * 2**20
_SPANS = "resourceSpans.item.scopeSpans.item.spans.item"
_NO_RESOURCES = "it has no resourceSpans list"
_NO_SCOPES = "the scopeSpans of a resource are no list"
_NO_SPANS = "the spans of a scope are no list"


@dataclass(frozen=True, slots=True)
class Found:
    """A span (or what stands in its place) with its resource, or text that is no document (`error` says why)."""

    line: int
    span: Any = None
    resource: Any = None
    error: str | None = None
    text: str = ""

    def raw(self) -> str:
        """Return the record as a document of its own, fit to be read again."""
        if self.error:
            return self.text
        document = {"resourceSpans": [{"resource": self.resource, "scopeSpans": [{"spans": [self.span]}]}]}
        return json_text(document)


def spans(stream: BinaryIO) -> Iterator[Found]:
    """Yield every span of the file in order."""
    start = len(BOM) if stream.read(len(BOM)) == BOM else 0
    stream.seek(start)
    if _is_one_document(stream):
        stream.seek(start)
        yield from _document(stream, 1)
        return
    stream.seek(start)
    line = 0
    while True:
        at, line = stream.tell(), line + 1
        text = stream.readline(WHOLE_BYTES)
        if not text:
            return
        if len(text) == WHOLE_BYTES and not text.endswith(b"\n"):
            stream.seek(at)
            yield from _streamed(_Line(stream), line)
            _Line(stream).skip()
        elif text.strip():
            yield from _parsed(text, line)


def _is_one_document(stream: BinaryIO) -> bool:
    """Tell whether the file is one document over several lines: its first line is none by itself."""
    lines = (text for text in iter(lambda: stream.readline(WHOLE_BYTES), b"") if text.strip())
    first = next(lines, b"")
    if len(first) >= WHOLE_BYTES or not first.lstrip().startswith((b"{", b"[")):
        return False
    try:
        orjson.loads(first)
    except orjson.JSONDecodeError:
        return not next(lines, b"{").lstrip().startswith(b'{"')
    return False


def _document(stream: BinaryIO, line: int) -> Iterator[Found]:
    text = stream.read(WHOLE_BYTES + 1)
    if len(text) <= WHOLE_BYTES:
        yield from _parsed(text, line)
        return
    stream.seek(-len(text), io.SEEK_CUR)
    yield from _streamed(stream, line)


def _parsed(text: bytes, line: int) -> Iterator[Found]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        shown = text.decode(errors="replace").rstrip("\r\n")
        yield Found(line, error=f"it is not valid JSON ({error})", text=shown)
        return
    for one in document if isinstance(document, list) else [document]:
        yield from _of_document(one, line)


def _of_document(document: Any, line: int) -> Iterator[Found]:  # noqa: ANN401 - JSON
    resources = document.get("resourceSpans") if isinstance(document, dict) else None
    if not isinstance(resources, list):
        yield _malformed(document, line, _NO_RESOURCES)
        return
    for resource in resources:
        scopes = _list_of(resource, "scopeSpans")
        if scopes is None:
            yield _malformed(resource, line, _NO_SCOPES)
            continue
        for scope in scopes:
            of_scope = _list_of(scope, "spans")
            if of_scope is None:
                yield _malformed(scope, line, _NO_SPANS)
                continue
            for span in of_scope:
                yield Found(line, span, resource.get("resource"))


def _list_of(parent: object, key: str) -> list[Any] | None:
    """Return the list under a key, None where something else is; a list that is left out is empty, as in protobuf."""
    found = (parent.get(key) or []) if isinstance(parent, dict) else None
    return found if isinstance(found, list) else None


def _malformed(what: Any, line: int, error: str) -> Found:  # noqa: ANN401 - JSON
    return Found(line, error=error, text=json_text(what))


def _streamed(stream: "BinaryIO | _Line", line: int) -> Iterator[Found]:
    at = stream.tell()
    prefix = "item." if stream.read(1) == b"[" else ""
    stream.seek(at)
    outline = _outline(stream, prefix)
    stream.seek(at)
    try:
        found = ijson.items(stream, prefix + _SPANS, use_float=True)
        for part in outline:
            if part.error:
                yield _malformed(part.value, line, part.error)
            for _ in range(part.spans):
                yield Found(line, next(found), part.resource)
        next(found, None)
    except (ijson.JSONError, StopIteration) as error:
        said = " ".join(str(error).split())
        yield Found(line, error=f"the document breaks off or is not valid JSON ({said})")


class _Part:
    """A document, a resource or a scope: all of it but what its list holds, and how many spans a scope's list has."""

    def __init__(self, above: "_Part | None" = None) -> None:
        self._above = above
        self._builder = ObjectBuilder()
        self.spans = 0
        self.error: str | None = None

    def event(self, event: str, value: object) -> None:
        self._builder.event(event, value)

    @property
    def value(self) -> Any:  # noqa: ANN401 - JSON
        return getattr(self._builder, "value", None)

    @property
    def resource(self) -> Any:  # noqa: ANN401 - JSON
        return self._above.value.get("resource") if self._above and isinstance(self._above.value, dict) else None


def _outline(stream: "BinaryIO | _Line", prefix: str) -> list[_Part]:
    """Return the parts of a document in order, as far as it is valid; one with an error lacks the list it needs."""
    levels = (prefix.removesuffix("."), f"{prefix}resourceSpans.item", f"{prefix}resourceSpans.item.scopeSpans.item")
    at_span = prefix + _SPANS
    parts: list[_Part] = []
    current: list[_Part] = []
    try:
        for path, event, value in ijson.parse(stream, use_float=True):
            if path == at_span:
                current[-1].spans += event not in ("map_key", "end_map", "end_array")
            if f"{path}.".startswith(f"{at_span}."):
                continue
            depth = _depth(path, levels)
            if depth == len(levels):
                continue  # the list of documents itself
            if path == levels[depth] and event not in ("map_key", "end_map", "end_array"):
                current[depth:] = [_Part(current[-1] if depth else None)]
                parts.append(current[-1])
            if depth < len(current):
                current[depth].event(event, value)
                if path == levels[depth] and event not in ("map_key", "start_map", "start_array"):
                    current[depth].error = _missing(current[depth].value, depth)
    except ijson.JSONError:
        # The second reading stops at the same place, and says so.
        pass
    return parts


def _depth(path: str, levels: tuple[str, ...]) -> int:
    """Tell which level an event belongs to, the lowest that its path begins with; none is 3."""
    below = (n for n in reversed(range(len(levels))) if not levels[n] or f"{path}.".startswith(f"{levels[n]}."))
    return next(below, len(levels))


def _missing(value: object, depth: int) -> str | None:
    """Say which list a document, a resource or a scope has not."""
    if depth == 0:
        has = isinstance(value, dict) and isinstance(value.get("resourceSpans"), list)
        return None if has else _NO_RESOURCES
    key, error = (("scopeSpans", _NO_SCOPES), ("spans", _NO_SPANS))[depth - 1]
    return error if _list_of(value, key) is None else None


class _Line:
    """The rest of the current line of a stream, as a stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, position: int) -> int:
        return self._stream.seek(position)

    def read(self, size: int = 2**16) -> bytes:
        at = self._stream.tell()
        data = self._stream.read(size)
        end = data.find(b"\n")
        if end < 0:
            return data
        # Stays before the line end, so that every further read is empty.
        self._stream.seek(at + end)
        return data[:end]

    def skip(self) -> None:
        """Leave the line: go on after its end."""
        while self.read(2**20):
            pass
        self._stream.read(1)
