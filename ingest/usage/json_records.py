"""Records of a JSON input one by one, in bounded memory: objects in lines, one array, or documents around an array.

Files of services come in all of these, whatever the endpoint or the tool that saved them. Only lines have numbers.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import ijson  # type: ignore[import-untyped]
import orjson

from ingest.detect import HEAD_BYTES
from ingest.usage.lines import BLOCK_BYTES, BOM, blocks
from ingest.usage.values import Breach


@dataclass(frozen=True, slots=True)
class Found:
    """A record, or, where `breach` says what is wrong, the text that stands in its place."""

    value: Any = None
    line: int | None = None
    breach: Breach | None = None
    text: str = ""


def records(stream: BinaryIO, array: str) -> Iterator[Found]:
    """Yield every record of an input that stands at its beginning; `array` is the key documents have theirs under."""
    start = len(BOM) if stream.read(len(BOM)) == BOM else 0
    stream.seek(start)
    head = stream.read(HEAD_BYTES)
    stream.seek(start)
    if head.lstrip().startswith(b"["):
        yield from _streamed(stream, "item")
    elif _opens(head, array):
        yield from _streamed(stream, f"{array}.item")
    elif (whole := _one_object(stream)) is not None:
        yield Found(whole, 1)
    else:
        stream.seek(start)
        yield from _lines(stream)


def _opens(head: bytes, array: str) -> bool:
    """Tell whether the first document has the array at its top."""
    try:
        return any(
            path == array and event == "start_array" for path, event, _ in ijson.parse(io.BytesIO(head), use_float=True)
        )
    except ijson.JSONError:
        return False


def _streamed(stream: BinaryIO, path: str) -> Iterator[Found]:
    try:
        for value in ijson.items(stream, path, use_float=True, multiple_values=True):
            yield Found(value)
    except ijson.JSONError as error:
        said = " ".join(str(error).split())
        yield Found(breach=Breach("not_json", f"the document breaks off or is not valid JSON ({said}): send it again"))


def _one_object(stream: BinaryIO) -> dict[str, Any] | None:
    """Return the one object a file is that is written over several lines."""
    text = stream.read(BLOCK_BYTES + 1)
    if len(text) > BLOCK_BYTES or b"\n" not in text.strip():
        return None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _lines(stream: BinaryIO) -> Iterator[Found]:
    for block in blocks(stream):
        for line, text in enumerate(block.data.split(b"\n"), block.line):
            if not text.strip():
                continue
            shown = text.rstrip(b"\r").decode(errors="replace")
            if block.too_long:
                reason = f"the line is longer than {BLOCK_BYTES // 2**20} MiB: split it"
                yield Found(line=line, breach=Breach("record_too_long", reason), text=shown)
                continue
            try:
                yield Found(orjson.loads(text), line)
            except orjson.JSONDecodeError as error:
                reason = f"the line is not valid JSON ({error}): correct or remove it"
                yield Found(line=line, breach=Breach("not_json", reason), text=shown)
