"""Whatever is sent, it is one line for the reader of traces, or refused."""

import gzip
import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ingest.otlp.answers import Media, Refusal
from ingest.otlp.requests import line_of
from tests.ingest.otlp.receiving import request, span

KEYS = st.sampled_from(["resourceSpans", "resource", "scopeSpans", "spans", "attributes", "traceId", "links"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def a_message() -> bytes:
    message = ExportTraceServiceRequest()
    scope = message.resource_spans.add().scope_spans.add()
    sent = scope.spans.add(trace_id=bytes(range(16)), span_id=bytes(range(8)), name="chat", start_time_unix_nano=2**63)
    sent.attributes.add(key="gen_ai.usage.input_tokens").value.int_value = -5
    sent.attributes.add(key="list").value.array_value.values.add().double_value = float("nan")
    sent.links.add(trace_id=b"\xff" * 16, span_id=b"\x01" * 8)
    return message.SerializeToString()


def line(body: bytes, media: Media, encoding: str = "") -> bytes | None:
    """The line, or None where the body is refused as it should be."""
    try:
        found = line_of(body, media, encoding, limit=10_000)
    except Refusal as refusal:
        if refusal.status not in (400, 413):
            raise
        return None
    if found is not None:
        assert b"\n" not in found
        assert found.startswith(b'{"resourceSpans":')
        assert orjson.loads(found)["resourceSpans"]
    return found


@given(JSON | st.builds(lambda spans: {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}, st.lists(JSON)))
@settings(max_examples=60, deadline=None)
def test_any_json_is_a_line_or_refused(document):
    line(json.dumps(document, indent=1).encode(), Media.JSON)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_line_or_refused(data):
    body = bytearray(a_message())
    for _ in range(data.draw(st.integers(0, 5))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    body = body[: data.draw(st.integers(0, len(body)))]
    line(bytes(body), Media.PROTOBUF)
    line(bytes(body), Media.JSON)
    line(bytes(body), Media.PROTOBUF, "gzip")


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_protobuf_becomes_the_json_of_otlp(encoding):
    body = gzip.compress(a_message()) if encoding else a_message()
    found = orjson.loads(line(body, Media.PROTOBUF, encoding) or b"")
    (sent,) = found["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert (sent["traceId"], sent["spanId"]) == ("000102030405060708090a0b0c0d0e0f", "0001020304050607")
    assert (sent["startTimeUnixNano"], sent["links"][0]["traceId"]) == (str(2**63), "ff" * 16)
    assert sent["attributes"][0] == {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "-5"}}


def test_json_keeps_what_the_reader_reads():
    sent = request(span(1), span(2))
    assert orjson.loads(line(orjson.dumps(sent), Media.JSON) or b"") == sent
