"""Calls that went through LiteLLM: its spend logs, and the payload it gives to callbacks.

    spend logs   {"request_id", "call_type", "startTime", "endTime", "model", "metadata" …}    rows of /spend/logs
    callbacks    {"id", "call_type", "startTime", "endTime", "model", "metadata" …}            StandardLoggingPayload

As JSON Lines, one array, or `{"data": [...]}`. Both tell of one call under one id and end in one event, so that a
proxy may keep both. What was asked and answered (`messages`, `response`, `proxy_server_request`) is not read, and not
kept of a record that is set aside either.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from ingest.formats import Chunk, Source
from ingest.usage import litellm_records
from ingest.usage.json_records import Found, records
from ingest.usage.lines import BOM
from ingest.usage.rows import Rows

_CHUNK_RECORDS = 5_000
_MARKS = tuple(re.compile(rb'(?<!\\)"' + key + rb'"\s*:') for key in (b"call_type", b"startTime", b"(request_)?id"))


class LiteLlm:
    """Format `litellm`."""

    name = "litellm"
    domain = "usage"
    version = 1

    def sniff(self, head: bytes) -> bool:
        """Tell by the keys that both logs have near the beginning of a record."""
        begins = head.removeprefix(BOM).lstrip()[:1] in (b"{", b"[")
        return begins and all(mark.search(head) for mark in _MARKS)

    def read(self, source: Source) -> Iterator[Chunk]:
        """Read the file record by record."""
        rows = Rows()
        for number, found in enumerate(records(source.stream, "data"), 1):
            add = partial(_add, rows, found, number, source.received_at)
            rows.take(number, found.line, partial(_text, found), add)
            if rows.read >= _CHUNK_RECORDS:
                yield rows.chunk()
                rows = Rows()
        yield rows.chunk()


def _add(rows: Rows, found: Found, number: int, received_at: datetime) -> None:
    if found.breach:
        raise found.breach
    litellm_records.add(rows, found.value, number, found.line, received_at)


def _text(found: Found) -> str:
    if found.breach:
        return litellm_records.before_content(found.text)
    return litellm_records.without_content(found.value)
