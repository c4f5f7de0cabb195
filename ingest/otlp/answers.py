"""What a sender is answered: protobuf to protobuf, JSON to JSON.

Source: the OTLP specification 1.9, "OTLP/HTTP response": `ExportTraceServiceResponse` for success and partial success,
`google.rpc.Status` for failure; only 429, 502, 503 and 504 are to be tried again.
"""

from enum import StrEnum

import orjson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)
from starlette.responses import Response

_CODES = {400: 3, 401: 16, 408: 4, 413: 8, 415: 3, 500: 13, 503: 14}
"""HTTP statuses as codes of gRPC."""


class Media(StrEnum):
    """The content types of OTLP/HTTP."""

    JSON = "application/json"
    PROTOBUF = "application/x-protobuf"


class Refusal(Exception):  # noqa: N818 - an answer, not a mistake of ours
    """A request that is not taken: `status` is that of HTTP; `retry_after` says in how many seconds to try again."""

    def __init__(self, status: int, message: str, *, retry_after: int | None = None) -> None:
        """Say with which status and why."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after


def accepted(media: Media, rejected: int = 0, message: str = "") -> Response:
    """200; `rejected` spans of the request were kept aside, for the reason in `message`."""
    if media is Media.PROTOBUF:
        answer = ExportTraceServiceResponse()
        if rejected:
            answer.partial_success.rejected_spans = rejected
            answer.partial_success.error_message = message
        return Response(answer.SerializeToString(), media_type=media)
    partial = {"partialSuccess": {"rejectedSpans": str(rejected), "errorMessage": message}} if rejected else {}
    return Response(orjson.dumps(partial), media_type=media)


def refused(media: Media, refusal: Refusal) -> Response:
    """Answer a `Status` that says why."""
    code = _CODES[refusal.status]
    if media is Media.PROTOBUF:
        # google.rpc.Status lies in a package of its own; its fields have these numbers and types, too.
        content = ExportTracePartialSuccess(rejected_spans=code, error_message=refusal.message).SerializeToString()
    else:
        content = orjson.dumps({"code": code, "message": refusal.message})
    headers = {}
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(content, refusal.status, headers, media_type=media)
