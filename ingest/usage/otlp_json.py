"""OpenTelemetry traces as OTLP/JSON: GenAI spans of any dialect become usage events.

One span is one record. A span that calls a model is an event, its counts read by the first spelling of `dialects`
that finds a total. When it names a model but reports no counts (a failed or an unmetered call) it is an event of 0
tokens and unknown cost. Spans that call tools, sum up other spans or have nothing to do with a model are ignored,
counted by kind.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import orjson

from ingest.formats import Chunk, Source
from ingest.usage import dialects, prices, tiers, values
from ingest.usage.counts import Counts, read
from ingest.usage.events import MAX_DURATION
from ingest.usage.otlp_content import prose_of
from ingest.usage.otlp_spans import Found, spans
from ingest.usage.otlp_values import attributes_of
from ingest.usage.provider_extracts import extract
from ingest.usage.rows import Rows
from ingest.usage.unit_names import counts_within, require_known
from ingest.usage.values import Breach

_CHUNK_SPANS = 5_000
_FAILED = 2
_HEX = {"traceId": 32, "spanId": 16}


class OtlpJson:
    """Format `otlp-json`."""

    name = "otlp-json"
    domain = "usage"
    version = 1

    def sniff(self, head: bytes) -> bool:
        """Tell by the key every OTLP trace document has near its beginning."""
        return re.match(rb"(\xef\xbb\xbf)?\s*\[?\s*\{", head) is not None and b'"resourceSpans"' in head

    def read(self, source: Source) -> Iterator[Chunk]:
        """Read the file span by span."""
        rows = Rows()
        for number, found in enumerate(spans(source.stream), 1):
            rows.take(number, found.line, found.raw, partial(_add, rows, found, number, source.received_at))
            if rows.read >= _CHUNK_SPANS:
                yield rows.chunk()
                rows = Rows()
        yield rows.chunk()


def _add(rows: Rows, found: Found, number: int, received_at: datetime) -> None:
    if found.error:
        raise Breach("not_otlp", f"{found.error}: send OTLP/JSON traces, one document a line")
    span = found.span
    if not isinstance(span, dict):
        raise Breach("not_otlp", "a span must be a JSON object")
    event_id = ":".join(_id(span, key) for key in _HEX)
    start, duration = _times(span, received_at)
    attributes = attributes_of(span.get("attributes"))
    resource = attributes_of(found.resource.get("attributes")) if isinstance(found.resource, dict) else {}
    kind = _other_kind(attributes)
    metadata = _metadata(attributes.get(dialects.METADATA))
    counts = None if kind else _counts(attributes, metadata)
    model = values.name(_first(attributes, dialects.MODEL), "model")
    if kind or (counts is None and model is None):
        rows.ignore(kind or "span without usage")
        return
    require_known((name, value) for name, value in attributes.items() if name.startswith(dialects.COUNTS))
    for usage in _reported(metadata):
        require_known(counts_within(usage))
    both = resource | attributes
    agent = values.name(_first(both, dialects.AGENT), "agent")
    user, provider = values.name(_first(both, dialects.USER), "user_email"), _provider(attributes, metadata)
    failed, message = _failure(span, attributes)
    prompt, completion = prose_of(span, attributes)
    rows.add(
        counts,
        priced=counts is not None,
        tier=tiers.not_standard(_tier(attributes, metadata), model),
        record=number,
        line=found.line,
        event_id=event_id,
        source="otlp",
        timestamp=start,
        timestamp_known=True,
        user_email=user.lower() if user else None,
        agent=None if agent and agent.startswith("unknown_service") else agent,
        conversation=values.name(_first(both, dialects.CONVERSATION), "conversation"),
        provider=provider,
        model=model,
        duration=duration,
        success=not failed,
        error_message=message,
        prompt=prompt,
        completion=completion,
    )


def _id(span: Mapping[str, Any], key: str) -> str:
    value = span.get(key)
    if (
        not isinstance(value, str)
        or re.fullmatch(rf"[0-9a-fA-F]{{{_HEX[key]}}}", value) is None
        or not value.strip("0")
    ):
        raise Breach("bad_id", f"{key} must be {_HEX[key]} hexadecimal digits, not all zero", key)
    return value.lower()


def _times(span: Mapping[str, Any], received_at: datetime) -> tuple[datetime, int | None]:
    start = _nanoseconds(span, "startTimeUnixNano")
    if start is None:
        raise Breach("missing_value", "startTimeUnixNano is required", "startTimeUnixNano")
    time = values.possible(_instant(start), received_at, "startTimeUnixNano")
    end = _nanoseconds(span, "endTimeUnixNano")
    if end is None:
        return time, None
    if end < start:
        raise Breach("bad_time", "endTimeUnixNano is before startTimeUnixNano", "endTimeUnixNano")
    duration = (end - start) // 1_000_000
    if duration > MAX_DURATION:
        raise Breach("bad_time", f"the span lasts more than {MAX_DURATION} ms", "endTimeUnixNano")
    return time, duration


def _nanoseconds(span: Mapping[str, Any], key: str) -> int | None:
    value = span.get(key)
    if value in (None, "", 0, "0"):
        return None
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise Breach("bad_time", f"{key} must be nanoseconds since 1970 as a whole number", key)
    return int(text)


def _instant(nanoseconds: int) -> datetime:
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _other_kind(attributes: Mapping[str, Any]) -> str | None:
    for name in dialects.OPERATION:
        if kind := dialects.KINDS.get(str(attributes.get(name, "")).lower()):
            return kind
    if any(name in attributes for name in dialects.AGENT_MARKS):
        return "agent span"
    if any(name in attributes for name in dialects.TOOL_MARKS):
        return "tool span"
    return None


def _counts(attributes: Mapping[str, Any], metadata: Mapping[str, Any]) -> Counts | None:
    for key in dialects.WHOLE_METADATA:
        reported, provider = metadata.get(key), prices.find_provider(dialects.METADATA_PROVIDERS[key], None)
        if isinstance(reported, Mapping) and provider and (found := extract(provider, reported, None)):
            return found.counts

    def get(name: str) -> object:
        if not name.startswith(dialects.META):
            return attributes.get(name)
        return values.at(metadata, name.removeprefix(dialects.META))

    return next((counts for spelling in dialects.SPELLINGS if (counts := read(get, spelling))), None)


def _reported(metadata: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The usage that providers reported, as the metadata has it."""
    found = (values.at(of, name) for of in metadata.values() for name in ("usage", "usageMetadata"))
    return [usage for usage in found if isinstance(usage, Mapping)]


def _tier(attributes: Mapping[str, Any], metadata: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name in dialects.TIER:
        yield "service_tier", attributes.get(name)
    yield from tiers.said_in(*metadata.values(), *_reported(metadata))


def _metadata(text: object) -> Mapping[str, Any]:
    try:
        metadata = orjson.loads(text) if isinstance(text, str) else None
    except orjson.JSONDecodeError:
        metadata = None
    return metadata if isinstance(metadata, dict) else {}


def _provider(attributes: Mapping[str, Any], metadata: Mapping[str, Any]) -> str | None:
    provider = values.name(_first(attributes, dialects.PROVIDER), "provider")
    if provider is None:
        return next((named for key, named in dialects.METADATA_PROVIDERS.items() if key in metadata), None)
    provider = provider.lower()
    for api in dialects.PROVIDER_APIS:
        provider = provider.removesuffix(api)
    return dialects.PROVIDER_NAMES.get(provider, provider)


def _failure(span: Mapping[str, Any], attributes: Mapping[str, Any]) -> tuple[bool, str | None]:
    status = span.get("status")
    status = status if isinstance(status, dict) else {}
    error = attributes.get("error.type")
    failed = status.get("code") in (_FAILED, "STATUS_CODE_ERROR") or error is not None
    said = [str(part) for part in (error, status.get("message")) if part]
    return failed, values.prose(": ".join(said)) if failed else None


def _first(attributes: Mapping[str, Any], names: tuple[str, ...]) -> object:
    return next((value for name in names if (value := attributes.get(name)) not in (None, "")), None)
