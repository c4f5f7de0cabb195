"""The receiver as an ASGI app: `POST /v1/traces` and `GET /health`."""

import asyncio
import hmac
import logging
import secrets
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, cast
from uuid import UUID

import psycopg
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message

from cauce.database import Database, Role
from cauce.errors import CauceError, SkippableError
from cauce.settings import Settings
from ingest.otlp.answers import Media, Refusal, accepted, refused
from ingest.otlp.gather import Gatherer, Room, Share, Taken, deliverer
from ingest.otlp.requests import ENCODINGS, line_of, too_large
from ingest.otlp.token import token_of

PATH: Final = "/v1/traces"
READ_SECONDS: Final = 30
"""A body must have arrived within this time."""
HEALTH_SECONDS: Final = 2
"""A database that answers no sooner counts as away."""
_logger = logging.getLogger("cauce.otlp")


def build_app(settings: Settings, db: Database, *, owner: UUID | None = None, create_people: bool = False) -> Starlette:
    """The app; what it receives is loaded into `db`, as `load_stream` says of `owner` and `create_people`."""
    receiver = _Receiver(settings, db, Gatherer(deliverer(db, owner=owner, create_people=create_people)))
    return Starlette(
        routes=[Route(PATH, receiver.traces, methods=["POST"]), Route("/health", receiver.health, methods=["GET"])],
        lifespan=receiver.lifespan,
    )


class _Receiver:
    def __init__(self, settings: Settings, db: Database, gatherer: Gatherer) -> None:
        self._db = db
        self._gatherer = gatherer
        self._token = token_of(settings, db.secrets).encode()
        self._limit = settings.otlp_max_bytes
        self._room = Room(settings.otlp_queue_bytes)
        self._reading = asyncio.Semaphore(1)  # a parsed body is several times its size
        self._asked: asyncio.Task[bool] | None = None

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Load while the server runs, and what it accepted before it ends."""
        loading = asyncio.create_task(self._gatherer.run())
        yield
        self._gatherer.close()
        await loading

    async def traces(self, request: Request) -> Response:
        """Take one `ExportTraceServiceRequest`."""
        media = Media.JSON
        try:
            media = _media(request)
            return await self._taken(request, media)
        except Refusal as refusal:
            return refused(media, refusal)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except SkippableError as error:
            return refused(media, Refusal(400, error.message))
        except Exception as error:
            reference = secrets.token_hex(4)
            _logger.exception("a request failed, reference %s", reference, exc_info=error)
            return refused(media, Refusal(500, f"something unexpected happened; see {reference} in the receiver's log"))

    async def _taken(self, request: Request, media: Media) -> Response:
        blocks = request.stream()
        if (refusal := self._refusal(request)) is not None:
            await self._discard(blocks)
            raise refusal
        encoding = _encoding(request)
        with self._room.enter() as share:
            body = await self._body(blocks, share)
            async with self._reading:
                line = await asyncio.to_thread(line_of, body, media, encoding, limit=self._limit)
            if line is None:
                return accepted(media)
            del body
            share.resize(len(line))
            taken = await self._loaded(request, line)
        return accepted(media, taken.rejected, taken.reason)

    def _refusal(self, request: Request) -> Refusal | None:
        """What can be refused before the body is read."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token):
            return Refusal(401, "the Authorization header must be: Bearer and the token")
        if _media_type(request) not in tuple(Media):
            return Refusal(415, f"the Content-Type must be {' or '.join(Media)}")
        if _encoding(request) not in ENCODINGS:
            return Refusal(415, "the Content-Encoding must be gzip, deflate or none")
        return None

    async def _body(self, blocks: AsyncIterator[bytes], share: Share) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(READ_SECONDS):
                async for block in blocks:
                    body += block
                    if len(body) > self._limit:
                        await self._discard(blocks)
                        raise too_large(self._limit)
                    share.resize(len(body))
        except TimeoutError as error:
            raise Refusal(408, f"the body did not arrive within {READ_SECONDS} seconds") from error
        return bytes(body)

    async def _loaded(self, request: Request, line: bytes) -> Taken:
        """Wait for the load, or until the sender hangs up: what nobody waits for any more will be sent again."""
        loading = asyncio.create_task(self._gatherer.put(line))
        hanging_up = asyncio.create_task(cast(Coroutine[Any, Any, Message], request.receive()))
        await asyncio.wait((loading, hanging_up), return_when=asyncio.FIRST_COMPLETED)
        hanging_up.cancel()
        if not loading.done():
            loading.cancel()
            raise ClientDisconnect
        return loading.result()

    async def _discard(self, blocks: AsyncIterator[bytes]) -> None:
        """Read on a while without keeping it: who is cut off while sending never sees the answer."""
        discarded = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(READ_SECONDS):
                async for block in blocks:
                    discarded += len(block)
                    if discarded > 4 * self._limit:
                        return

    async def health(self, _request: Request) -> Response:
        """200 when spans can be loaded, else 503."""
        if self._asked is None or self._asked.done():  # one question at a time, however many ask
            self._asked = asyncio.create_task(asyncio.to_thread(self._answers))
        done, _ = await asyncio.wait([self._asked], timeout=HEALTH_SECONDS)
        if done and self._asked.result():
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "the database does not answer"}, 503)

    def _answers(self) -> bool:
        try:
            with self._db.transaction(Role.INGEST) as conn:
                conn.execute("SELECT FROM ingest_batches LIMIT 1")
        except (CauceError, psycopg.Error):
            return False
        return True


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _encoding(request: Request) -> str:
    return request.headers.get("content-encoding", "").strip().lower()


def _media(request: Request) -> Media:
    """In what to answer: as was asked, JSON to whoever sends neither."""
    return Media.PROTOBUF if _media_type(request) == Media.PROTOBUF else Media.JSON
