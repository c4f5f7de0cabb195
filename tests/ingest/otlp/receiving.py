"""A receiver in a thread of the test, and requests for it."""

import json
import threading
import time
from typing import Any, Self

import httpx2
import uvicorn

from cauce.database import Database
from cauce.settings import Settings
from ingest.otlp import build_app
from tests.ingest.inputs import rows

TOKEN = "a token for these tests"
AUTHORISED = {"Authorization": f"Bearer {TOKEN}"}
START = 1_772_357_400_000_000_000
"""2026-03-01 09:30 UTC, in nanoseconds."""

Json = dict[str, Any]


class Receiver:
    """The app on a free port of the loopback; `settings` are changed ones."""

    def __init__(self, db: Database, **settings: Any) -> None:
        changed = Settings(home=db.settings.home, database_url=None, otlp_token=TOKEN, **settings)
        config = uvicorn.Config(build_app(changed, db), port=0, log_level="warning", lifespan="on")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)

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

    def post(self, content: bytes | Json, **headers: str) -> httpx2.Response:
        return post(self.address, content, TOKEN, **headers)


def post(address: str, content: bytes | Json, token: str, **headers: str) -> httpx2.Response:
    """POST a request for traces, JSON unless told otherwise; `content_type="…"` is a header."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {"authorization": f"Bearer {token}", "content-type": "application/json"} | given
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return httpx2.post(f"{address}/v1/traces", content=body, headers=sent, timeout=30)


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


def loaded(db: Database, *among: int) -> list[int]:
    """The numbers of the spans that are in `usage_logs`, of those in `among`."""
    query = "SELECT split_part(event_id, ':', 2) FROM usage_logs WHERE source = 'otlp'"
    return sorted({int(number, 16) for number in rows(db, query)} & set(among))
