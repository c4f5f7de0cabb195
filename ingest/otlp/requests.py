"""The body of a request as one line of OTLP/JSON, the shape in which files of traces are read."""

import zlib
from base64 import b64decode
from typing import Any, cast

import orjson
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ingest.otlp.answers import Media, Refusal

ENCODINGS = ("", "identity", "gzip", "deflate")
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_IDS = ("traceId", "spanId", "parentSpanId")

Json = dict[str, Any]


def line_of(body: bytes, media: Media, encoding: str, *, limit: int) -> bytes | None:
    """Give a request as one line without its end, None when it holds no spans.

    Raises `Refusal`: 413 when it unpacks to more than `limit` bytes, 400 when it is no request for traces. What is
    wrong with single spans is left to their reader, which keeps them aside.
    """
    plain = _unpacked(body, limit) if encoding in ("gzip", "deflate") else body
    resources = _from_protobuf(plain) if media is Media.PROTOBUF else _from_json(plain)
    if not any(scope["spans"] for resource in resources for scope in resource["scopeSpans"]):
        return None
    try:
        return orjson.dumps({"resourceSpans": resources})
    except orjson.JSONEncodeError as error:
        raise Refusal(400, "attributes are nested too deeply: at most some 200 levels are read") from error


def _unpacked(body: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        plain = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise Refusal(400, "the body is not what its Content-Encoding says, or is damaged") from error
    if len(plain) > limit:
        raise too_large(limit)
    if not unpacker.eof or unpacker.unused_data:
        raise Refusal(400, "the compressed body breaks off or goes on after its end")
    return plain


def too_large(limit: int) -> Refusal:
    """The refusal of a body of more than `limit` bytes."""
    return Refusal(413, f"a request may have {limit} bytes, unpacked: send fewer spans at once")


def _from_json(body: bytes) -> list[Json]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, f"the body is not valid JSON ({error})") from error
    if not isinstance(document, dict):
        raise Refusal(400, "the body must be a JSON object with resourceSpans")
    return [
        {**resource, "scopeSpans": [{**s, "spans": _list(s, "spans")} for s in _objects(resource, "scopeSpans")]}
        for resource in _objects(document, "resourceSpans")
    ]


def _objects(parent: Json, key: str) -> list[Json]:
    values = _list(parent, key)
    if not all(isinstance(value, dict) for value in values):
        raise Refusal(400, f"{key} must hold objects")
    return values


def _list(parent: Json, key: str) -> list[Any]:
    values = parent.get(key)
    if values is None:  # protobuf's JSON leaves out what is empty
        return []
    if not isinstance(values, list):
        raise Refusal(400, f"{key} must be a list")
    return values


def _from_protobuf(body: bytes) -> list[Json]:
    try:
        document = MessageToDict(ExportTraceServiceRequest.FromString(body))
    except DecodeError as error:
        raise Refusal(400, "the body is not an ExportTraceServiceRequest") from error
    resources = cast(list[Json], document.get("resourceSpans", []))
    for resource in resources:
        for scope in resource.setdefault("scopeSpans", []):
            for span in scope.setdefault("spans", []):
                for identified in (span, *span.get("links", ())):
                    _spell_ids(identified)
    return resources


def _spell_ids(identified: Json) -> None:
    """OTLP/JSON writes ids in hexadecimal, where protobuf's own JSON has base64."""
    for key in _IDS:
        if key in identified:
            identified[key] = b64decode(identified[key]).hex()
