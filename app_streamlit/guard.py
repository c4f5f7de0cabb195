"""The door in front of every page, file and websocket of the app (ASGI middleware).

Nothing but sign-in, health and public assets is served without a live session; what is not on the list below does not
exist. A request that names another origin than its own host is refused before anything looks at it, headers in which
a proxy would name a person are dropped, and every answer carries the security headers.
"""

import logging
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, urlsplit

import psycopg
from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app_streamlit import ownership, signpost
from cauce.database import Database
from cauce.errors import CauceError
from cauce.security import people

_logger = logging.getLogger("cauce.app")
COOKIE: Final = "cauce_session"
PERSON: Final = "cauce.person"
_PUBLIC: Final = ("/sign-in", "/sign-out", "/_stcore/health", "/favicon.png", "/favicon.ico")
_PUBLIC_FOLDERS: Final = ("/static/", "/assets/")
_MEDIA: Final = "/media/"
_UPLOAD: Final = "/_stcore/upload_file/"
_STREAM: Final = "/_stcore/stream"
_RUNTIME: Final = ("/_stcore/host-config", "/_stcore/bidi-components/", "/component/")
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
_PERSON_HEADERS: Final = ("remote-user", "x-remote-", "x-auth-request-", "x-forwarded-user", "x-forwarded-email",
                          "x-forwarded-preferred-username", "x-forwarded-groups", "x-goog-authenticated-user-",
                          "x-ms-client-principal", "x-streamlit-user", "x-authenticated-", "x-user-")  # fmt: skip
_SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """Let a request through to `app` only as the module's text says; `pages` are the paths of the pages."""

    def __init__(self, app: ASGIApp, db: Database, base_url: str, pages: Iterable[str]) -> None:
        """Guard `app`, which people reach at `base_url`."""
        self.app = app
        self.db = db
        self.public_host = urlsplit(base_url).netloc
        self.secure = base_url.startswith("https:")
        self.pages = frozenset(pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        scope["headers"] = [
            pair for pair in scope["headers"] if not pair[0].decode("latin-1").startswith(_PERSON_HEADERS)
        ]
        refusal = await self._refusal(scope)
        if scope["type"] == "websocket":
            if refusal is None:
                await self.app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008})
            return

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._secure(scope, MutableHeaders(scope=message))
            await send(message)

        await (refusal or self.app)(scope, receive, send_secured)

    async def _refusal(self, scope: Scope) -> Response | None:
        """The answer instead of the page, or None when the request may pass."""
        headers = Headers(scope=scope)
        path = scope["path"]
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
        if changes and not self._same_origin(headers):
            return PlainTextResponse("Origin not allowed", 403)
        if scope["type"] == "http" and (path in _PUBLIC or path.startswith(_PUBLIC_FOLDERS)):
            return None
        token = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        try:
            person = await to_thread.run_sync(people.person, self.db, token) if token else None
        except (CauceError, psycopg.OperationalError):
            _logger.exception("the database does not answer")
            return signpost.page(scope, "unavailable", 503)
        if person is None:
            return self._to_sign_in(scope, headers)
        scope[PERSON] = person
        return self._for_person(scope, headers, token)

    def _for_person(self, scope: Scope, headers: Headers, token: str) -> Response | None:
        path = scope["path"]
        if scope["type"] == "websocket":
            _forget_foreign_page(scope, headers, token)
            return None if path == _STREAM else PlainTextResponse("Not found", 404)
        if path in self.pages or path.startswith(_RUNTIME):
            return None
        if path.startswith(_MEDIA):
            return None if ownership.owns_media(token, path.removeprefix(_MEDIA)) else _nothing_here()
        if path.startswith(_UPLOAD):
            page = path.removeprefix(_UPLOAD).partition("/")[0]
            return None if ownership.owns_page(token, page) else _nothing_here()
        return signpost.page(scope, "not_found", 404) if "text/html" in headers.get("accept", "") else _nothing_here()

    def _to_sign_in(self, scope: Scope, headers: Headers) -> Response:
        wants_page = scope["type"] == "http" and scope["method"] in _SAFE_METHODS
        if not wants_page or "text/html" not in headers.get("accept", ""):
            return PlainTextResponse("Sign in first", 401)
        path = scope["path"]
        target = f"?next={quote(path)}" if path in self.pages and path != "/" else ""
        return RedirectResponse(f"/sign-in{target}", 303)

    def _same_origin(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        # Only programs leave Origin out of a changing request or a websocket; they still need the cookie.
        return origin is None or urlsplit(origin).netloc in {headers.get("host", ""), self.public_host}

    def _secure(self, scope: Scope, headers: MutableHeaders) -> None:
        for name, value in _SECURITY_HEADERS.items():
            headers.setdefault(name, value)
        if self.secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if not scope["path"].startswith(_PUBLIC_FOLDERS):
            headers["Cache-Control"] = "no-store"


def _forget_foreign_page(scope: Scope, headers: Headers, token: str) -> None:
    """Let a websocket resume only a page of its own session: the third subprotocol entry names the page."""
    entries = [entry.strip() for entry in headers.get("sec-websocket-protocol", "").split(",")]
    if len(entries) > 2 and not ownership.owns_page(token, entries[2]):
        kept = ", ".join(entries[:2]).encode("latin-1")
        scope["headers"] = [
            (name, kept if name == b"sec-websocket-protocol" else value) for name, value in scope["headers"]
        ]
        scope["subprotocols"] = entries[:2]


def _nothing_here() -> Response:
    return PlainTextResponse("Not found", 404)
