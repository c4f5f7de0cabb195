"""What providers say they were used for and charge: usage and cost reports of OpenAI and Anthropic.

    OpenAI      GET /v1/organization/usage/completions (or embeddings, moderations), /v1/organization/costs
    Anthropic   GET /v1/organizations/usage_report/messages, /v1/organizations/cost_report

Pages as they were answered, one after the other, or their buckets alone. A result of a bucket is one record, and so is
a bucket without any: it says that nothing was used. They are held against the ledger, never counted as usage.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import polars as pl

from ingest.detect import HEAD_BYTES
from ingest.formats import Chunk, Rejection, Source
from ingest.usage.json_records import Found, records
from ingest.usage.lines import BOM
from ingest.usage.report_results import SCHEMA, Bucket, bucket_of, report_of
from ingest.usage.values import Breach, attempt, json_text

KIND = "report"
"""The record kind of the frames in a chunk."""

_CHUNK_RECORDS = 5_000
_BUCKETS = (
    (re.compile(rb'"start_time"\s*:\s*\d'), re.compile(rb'"end_time"\s*:\s*\d')),
    (re.compile(rb'"starting_at"\s*:\s*"'), re.compile(rb'"ending_at"\s*:\s*"')),
)
_RESULTS = re.compile(rb'"results"\s*:\s*\[')


class ProviderReports:
    """Format `provider-report`."""

    name = "provider-report"
    domain = "usage"
    version = 1

    def sniff(self, head: bytes) -> bool:
        """Tell by the keys of a bucket."""
        begins = head.removeprefix(BOM).lstrip()[:1] in (b"{", b"[")
        marked = any(all(mark.search(head) for mark in marks) for marks in _BUCKETS)
        return begins and marked and bool(_RESULTS.search(head))

    def read(self, source: Source) -> Iterator[Chunk]:
        """Read the file bucket by bucket."""
        report = report_of(source.stream.read(HEAD_BYTES))
        source.stream.seek(0)
        rows = _Rows()
        number = 0
        for found in records(source.stream, "data"):
            for record in _records(found, report):
                number += 1
                rows.add(number, found, *record)
            if rows.read >= _CHUNK_RECORDS:
                yield rows.chunk()
                rows = _Rows()
        yield rows.chunk()


def _records(found: Found, report: tuple[str, str] | None) -> Iterator[tuple[Bucket | Breach, Any]]:
    """Yield each result with its bucket, or what is wrong with the bucket; None is the result of an empty one."""
    bucket = attempt(partial(_bucket, found, report))
    if isinstance(bucket, Breach):
        yield bucket, None
        return
    for result in bucket.results or [None]:
        yield bucket, result


def _bucket(found: Found, report: tuple[str, str] | None) -> Bucket:
    if found.breach:
        raise found.breach
    return bucket_of(found.value, report)


def _row(bucket: Bucket | Breach, result: Any) -> dict[str, Any] | str:  # noqa: ANN401 - JSON
    if isinstance(bucket, Breach):
        raise bucket
    return bucket.row(result)


class _Rows:
    """What has been read since the last chunk."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self._rejections: list[Rejection] = []
        self._texts: dict[int, tuple[Found, Bucket | Breach, Any]] = {}
        self._ignored: dict[str, int] = {}

    @property
    def read(self) -> int:
        return len(self._texts) + sum(self._ignored.values())

    def add(self, number: int, found: Found, bucket: Bucket | Breach, result: Any) -> None:  # noqa: ANN401 - JSON
        row = attempt(partial(_row, bucket, result))
        if isinstance(row, str):
            self._ignored[row] = self._ignored.get(row, 0) + 1
            return
        if isinstance(row, Breach):
            text = _text(found, bucket, result)
            self._rejections.append(Rejection(number, found.line, row.column, row.rule, row.reason, text))
        else:
            self._rows.append({"record": number, "line": found.line, **row})
        self._texts[number] = (found, bucket, result)

    def chunk(self) -> Chunk:
        texts = self._texts
        return Chunk(
            {KIND: pl.DataFrame(self._rows, schema=SCHEMA)},
            self._rejections,
            self._ignored,
            lambda numbers: [_text(*texts[number]) for number in numbers],
        )


def _text(found: Found, bucket: Bucket | Breach, result: Any) -> str:  # noqa: ANN401 - JSON
    """Return a record as a bucket of its own, fit to be read again."""
    if isinstance(bucket, Bucket):
        return bucket.alone(result)
    return found.text or json_text(found.value)
