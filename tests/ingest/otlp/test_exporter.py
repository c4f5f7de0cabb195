"""The OpenTelemetry SDK's own exporter, pointed at the receiver."""

import json
from base64 import b64decode
from decimal import Decimal

import pytest
from google.protobuf.json_format import MessageToJson  # type: ignore[import-untyped]
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from cauce.database import Role
from tests.ingest.inputs import rows
from tests.ingest.otlp.receiving import AUTHORISED, run_an_application

LOADED = """
SELECT u.email, l.provider, l.model, l.tokens_input, l.tokens_output, l.tokens_cache_read, l.total_cost,
  l.duration, l.success, l.error_message, l.timestamp AT TIME ZONE 'UTC' = '2026-03-01 09:30'
FROM usage_logs l JOIN users u ON u.id = l.user_id JOIN agents a ON a.id = l.agent_id
WHERE a.slug = %s ORDER BY l.tokens_input"""

LAST = "SELECT ROW(read, loaded, ignored_kinds)::text FROM ingest_batches ORDER BY started_at DESC LIMIT 1"


class JsonExporter(SpanExporter):
    """What exporters of OTLP/JSON send: protobuf's JSON of the SDK's own request, with its ids in hexadecimal."""

    def __init__(self, receiver) -> None:
        self._receiver = receiver

    def export(self, spans):
        document = json.loads(MessageToJson(encode_spans(spans), use_integers_for_enums=True))
        for resource in document["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    ids = [key for key in ("traceId", "spanId", "parentSpanId") if key in span]
                    span |= {key: b64decode(span[key]).hex() for key in ids}
        answer = self._receiver.post(document)
        assert (answer.status_code, answer.json()) == (200, {})
        return SpanExportResult.SUCCESS


def protobuf(compression):
    return lambda receiver: OTLPSpanExporter(
        endpoint=f"{receiver.address}/v1/traces", headers=AUTHORISED, compression=compression
    )


@pytest.mark.parametrize(
    ("name", "exporter"),
    [
        ("protobuf", protobuf(Compression.NoCompression)),
        ("gzip", protobuf(Compression.Gzip)),
        ("deflate", protobuf(Compression.Deflate)),
        ("json", JsonExporter),
    ],
)
def test_what_an_exporter_sends_is_in_usage_logs_with_counts_and_cost(people_db, receiver, name, exporter):
    run_an_application(name, exporter(receiver))
    with people_db.transaction(Role.OWNER) as conn:
        loaded = conn.execute(LOADED, (name,)).fetchall()
    # 600 and 1600 x 0.15, 400 x 0.075, 100 x 0.60 USD per million
    assert loaded == [
        ("ana@example.com", "openai", "gpt-4o-mini", 1000, 100, 400, Decimal("0.00018"), 1500, True, None, True),
        (
            "luis@example.com",
            "openai",
            "gpt-4o-mini",
            2000,
            100,
            400,
            Decimal("0.00033"),
            1500,
            False,
            "se cortó",
            True,
        ),
    ]
    assert rows(people_db, LAST) == ['(4,2,"{""tool span"": 1, ""agent span"": 1}")']


def test_an_exporter_with_a_wrong_token_gives_up_and_says_why(receiver, caplog):
    wrong = OTLPSpanExporter(endpoint=f"{receiver.address}/v1/traces", headers={"Authorization": "Bearer wrong"})
    run_an_application("refused", wrong)
    assert "401" in caplog.text
