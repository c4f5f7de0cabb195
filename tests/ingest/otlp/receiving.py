"""A receiver in a thread of the test, and requests for it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpx2
import uvicorn
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from cauce.database import Database, Role
from cauce.settings import Settings
from ingest.otlp import build_app
from ingest.otlp.gather import Gatherer, Taken
from tests.ingest.inputs import rows
from tests.waiting import eventually

TOKEN = "a token for these tests"
AUTHORISED = {"Authorization": f"Bearer {TOKEN}"}
START = 1_772_357_400_000_000_000
"""2026-03-01 09:30 UTC, in nanoseconds."""

Json = dict[str, Any]


WAITING = """
SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
  WHERE d.datname = current_database() AND l.relation = 'ingest_batches'::regclass AND NOT l.granted)
"""


@contextmanager
def held_up(db: Database) -> Iterator[Callable[[], None]]:
    """Loads wait as long as the context lasts; gives a function that waits until one does."""
    with db.connect(Role.OWNER) as conn, db.connect(Role.OWNER, autocommit=True) as other:
        conn.execute("LOCK TABLE ingest_batches IN ACCESS EXCLUSIVE MODE")
        yield lambda: eventually(lambda: other.execute(WAITING).fetchone() == (True,))


class Receiver:
    """The app on a free port of the loopback; `settings` are changed ones."""

    def __init__(self, db: Database, **settings: Any) -> None:
        changed = Settings(home=db.settings.home, database_url=None, otlp_token=TOKEN, **settings)
        app = build_app(changed, db)
        config = uvicorn.Config(app, port=0, log_level="warning", lifespan="on")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._count(app.routes[0].endpoint.__self__._gatherer)  # type: ignore[attr-defined] # the app keeps it to itself

    def _count(self, gatherer: Gatherer) -> None:
        put, self.accepted = gatherer.put, 0

        async def counted(line: bytes) -> Taken:
            self.accepted += 1
            return await put(line)

        gatherer.put = counted  # type: ignore[method-assign]

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
            time.sleep(0.005)
        self.address = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()

    def wait_for(self, accepted: int) -> None:
        """Until so many requests have come in that are loaded or wait to be."""
        eventually(lambda: self.accepted >= accepted)

    def post(self, content: bytes | Json, **headers: str) -> httpx2.Response:
        return post(self.address, content, TOKEN, timeout=30, **headers)


def post(address: str, content: bytes | Json, token: str, *, timeout: float = 30, **headers: str) -> httpx2.Response:
    """POST a request for traces, JSON unless told otherwise; `content_type="…"` is a header."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {"authorization": f"Bearer {token}", "content-type": "application/json"} | given
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return httpx2.post(f"{address}/v1/traces", content=body, headers=sent, timeout=timeout)


def span(number: int, user: str = "ana@example.com", **changes: Any) -> Json:
    """A call of gpt-4o-mini with 1000 tokens in, 100 out; `number` is its id."""
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "user.email": user,
    }
    return {
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": f"{number:016x}",
        "name": "chat gpt-4o-mini",
        "kind": 3,
        "startTimeUnixNano": str(START),
        "endTimeUnixNano": str(START + 10**9),
        "attributes": [
            *({"key": key, "value": {"stringValue": value}} for key, value in attributes.items()),
            {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "1000"}},
            {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "100"}},
        ],
    } | changes


def request(*spans: Json) -> Json:
    return {"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"spans": list(spans)}]}]}


def run_an_application(name: str, exporter: SpanExporter) -> None:
    """Two calls of models, one of them failed, in an agent's span with a tool's, as an instrumented application does."""
    provider = TracerProvider(resource=Resource.create({"service.name": name}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("an.instrumentation", "1.0")
    with tracer.start_as_current_span("invoke_agent", attributes={"gen_ai.operation.name": "invoke_agent"}):
        for tokens, user in ((1000, "ana@example.com"), (2000, "luis@example.com")):
            attributes: dict[str, AttributeValue] = {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-4o-mini",
                "gen_ai.response.finish_reasons": ("stop",),
                "gen_ai.usage.input_tokens": tokens,
                "gen_ai.usage.output_tokens": 100,
                "gen_ai.usage.cache_read.input_tokens": 400,
                "user.email": user,
            }
            span = tracer.start_span("chat", kind=SpanKind.CLIENT, attributes=attributes, start_time=START)
            if tokens == 2000:
                span.set_status(Status(StatusCode.ERROR, "se cortó"))
            span.end(START + 1_500_000_000)
        with tracer.start_as_current_span("execute_tool", attributes={"gen_ai.operation.name": "execute_tool"}):
            pass
    provider.shutdown()


def loaded(db: Database, *among: int) -> list[int]:
    """The numbers of the spans that are in `usage_logs`, of those in `among`."""
    query = "SELECT split_part(event_id, ':', 2) FROM usage_logs WHERE source = 'otlp'"
    return sorted({int(number, 16) for number in rows(db, query)} & set(among))
