"""What a sender is answered, and what is in the tables then."""

import gzip
import zlib

import httpx2
import pytest
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from ingest import open_rows
from tests.ingest.inputs import rows
from tests.ingest.otlp.receiving import Receiver, loaded, request, span

PROTOBUF = "application/x-protobuf"


def batches(db):
    return rows(db, "SELECT ROW(read, loaded, duplicate)::text FROM ingest_batches ORDER BY started_at")


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer wrong", "Basic a token for these tests", "a token for these tests"]
)
def test_without_the_token_nothing_is_taken(people_db, receiver, given):
    answer = receiver.post(request(span(11)), authorization=given)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json() == {"code": 16, "message": "the Authorization header must be: Bearer and the token"}
    assert loaded(people_db, 11) == []


@pytest.mark.parametrize("given", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_other_content_types_are_unsupported(receiver, given):
    answer = receiver.post(b"{}", content_type=given)
    assert answer.status_code == 415
    assert "application/x-protobuf" in answer.json()["message"]


def test_other_encodings_are_unsupported(receiver):
    assert receiver.post(b"{}", content_encoding="br").status_code == 415


def test_a_content_type_may_have_parameters_and_other_cases(people_db, receiver):
    assert receiver.post(request(span(21)), content_type="Application/JSON; charset=utf-8").status_code == 200
    assert loaded(people_db, 21) == [21]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b'{"resourceSpans": [',
        b"[]",
        b'{"resourceSpans": {}}',
        b'{"resourceSpans": [1]}',
        b'{"resourceSpans": [{"scopeSpans": "x"}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": 1}]}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [' + b'{"a":' * 400 + b"1" + b"}" * 400 + b"]}]}]}",
        b'{"resourceSpans": "\xff"}',
    ],
)
def test_malformed_json_is_a_bad_request_with_a_status(receiver, body):
    answer = receiver.post(body)
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    assert answer.headers["content-type"] == "application/json"


def test_malformed_protobuf_is_a_bad_request_with_a_status(receiver):
    answer = receiver.post(b"\x0a\xff not protobuf", content_type=PROTOBUF)
    assert (answer.status_code, answer.headers["content-type"]) == (400, PROTOBUF)
    said = Status.FromString(answer.content)
    assert (said.code, said.message) == (3, "the body is not an ExportTraceServiceRequest")


@pytest.mark.parametrize(
    "body", [b"not gzip", gzip.compress(b"{}")[:-3], gzip.compress(b"{}") + b"more"], ids=["other", "cut", "more"]
)
def test_a_body_that_is_compressed_badly_is_a_bad_request(receiver, body):
    assert receiver.post(body, content_encoding="gzip").status_code == 400


def test_what_is_too_large_is_refused_packed_and_unpacked(people_db):
    with Receiver(people_db, otlp_max_bytes=20_000) as receiver:
        large = request(span(31, padding="x" * 20_000))
        answer = receiver.post(large)
        assert (answer.status_code, answer.json()["code"]) == (413, 8)
        assert receiver.post(b"x" * 70_000, content_type=PROTOBUF).status_code == 413
        for packed in (gzip.compress(b" " * 10**7), zlib.compress(b" " * 10**7)):
            assert len(packed) < 20_000
            encoding = "gzip" if packed[:1] == b"\x1f" else "deflate"
            assert receiver.post(packed, content_encoding=encoding).status_code == 413
        assert receiver.post(request(span(32))).status_code == 200
    assert loaded(people_db, 31, 32) == [32]


@pytest.mark.parametrize("body", [{}, {"resourceSpans": []}, {"resourceSpans": [{}]}, request()])
def test_a_request_without_spans_is_taken_and_leaves_nothing(people_db, receiver, body):
    before = batches(people_db)
    answer = receiver.post(body)
    assert (answer.status_code, answer.json()) == (200, {})
    assert receiver.post(b"", content_type=PROTOBUF).status_code == 200
    assert batches(people_db) == before


def test_spans_that_are_kept_aside_are_rejected_and_the_rest_loads(people_db, receiver):
    bad = (span(42, spanId="zz"), span(43, user="nobody@example.com"), span(44, endTimeUnixNano="5"))
    answer = receiver.post(request(span(41), *bad, span(45)))
    assert answer.status_code == 200
    assert answer.json() == {
        "partialSuccess": {
            "rejectedSpans": "3",
            "errorMessage": "spanId: spanId must be 16 hexadecimal digits, not all zero (bad_id)",
        }
    }
    assert loaded(people_db, *range(41, 46)) == [41, 45]
    assert [row.rule for row in open_rows(people_db)][-3:] == ["bad_id", "unattributed", "bad_time"]


def test_protobuf_is_answered_in_protobuf(receiver):
    message = ExportTraceServiceRequest()
    sent = message.resource_spans.add().scope_spans.add().spans.add()
    sent.name = "without ids"
    answer = receiver.post(message.SerializeToString(), content_type=PROTOBUF)
    assert (answer.status_code, answer.headers["content-type"]) == (200, PROTOBUF)
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (partial.rejected_spans, "traceId" in partial.error_message) == (1, True)


def test_the_same_request_again_is_a_duplicate(people_db, receiver):
    before = batches(people_db)
    for _ in range(3):
        answer = receiver.post(request(span(51), span(52)))
        assert (answer.status_code, answer.json()) == (200, {})
    assert receiver.post(request(span(52), span(53))).json() == {}
    assert loaded(people_db, 51, 52, 53) == [51, 52, 53]
    assert batches(people_db)[len(before) :] == ["(2,2,0)", "(2,1,1)"]


def test_the_same_request_again_is_told_again_what_was_rejected(receiver):
    first = receiver.post(request(span(61), span(62, startTimeUnixNano="x")))
    assert first.json()["partialSuccess"]["rejectedSpans"] == "1"
    assert receiver.post(request(span(61), span(62, startTimeUnixNano="x"))).json() == first.json()


def test_the_same_id_with_other_content_is_a_conflict(people_db, receiver):
    receiver.post(request(span(71)))
    answer = receiver.post(request(span(71, user="luis@example.com"), span(72)))
    assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"
    assert "already loaded with other content" in answer.json()["partialSuccess"]["errorMessage"]
    assert loaded(people_db, 71, 72) == [71, 72]


def test_other_paths_and_methods_are_told_so(receiver):
    assert httpx2.get(f"{receiver.address}/v1/traces").status_code == 405
    assert httpx2.post(f"{receiver.address}/v1/logs").status_code == 404
