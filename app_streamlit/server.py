"""The web server of the app: Streamlit behind the guard, with the sign-in routes beside it."""

import logging
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import psycopg
import uvicorn
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from streamlit import starlette

from app_streamlit import provider, shell, signpost, theme
from app_streamlit.catalog import PATHS
from app_streamlit.guard import Guard
from app_streamlit.sign_in import SignIn
from cauce.database import Database
from cauce.errors import CauceError, FatalError
from cauce.settings import Settings

_logger = logging.getLogger("cauce.app")
MAIN: Final = Path(__file__).parent / "script" / "main.py"
"""In a folder without `pages` beside it, where Streamlit would otherwise look for pages of its own accord."""
_BACKLOG: Final = 256
_SECONDS_TO_STOP: Final = 3


def build_app(settings: Settings, db: Database, *, on_ready: Callable[[], None] | None = None) -> starlette.App:
    """The ASGI app; every page of this process reads `db`. `on_ready` is called once pages can be served."""
    theme.apply_options()
    provider.use(db)

    @asynccontextmanager
    async def lifespan(_app: starlette.App) -> AsyncIterator[None]:
        if on_ready is not None:
            on_ready()
        yield

    return starlette.App(
        MAIN,
        routes=[*SignIn(settings, db, PATHS).routes(), *shell.routes(PATHS)],
        middleware=[Middleware(Guard, db=db, base_url=settings.base_url, pages=PATHS)],
        on_script_error=_log_script_error,
        exception_handlers={CauceError: _unavailable, psycopg.OperationalError: _unavailable, Exception: _failed},
        lifespan=lifespan,
    )


def serve(settings: Settings, db: Database, *, on_ready: Callable[[], None] | None = None) -> None:
    """Serve the app until SIGINT or SIGTERM; `on_ready` is called once the port answers.

    Raises `FatalError` when the address cannot be had.
    """
    with _listen(settings) as listening:
        config = uvicorn.Config(
            build_app(settings, db, on_ready=on_ready),
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=_SECONDS_TO_STOP,
            ws="websockets-sansio",
            ws_max_size=200 * 1024 * 1024,
        )
        uvicorn.Server(config).run(sockets=[listening])


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise FatalError(
            f"cannot listen: {error.strerror or error}",
            where=f"{settings.host}:{settings.port}",
            action="stop what uses the port, or choose another: CAUCE_PORT=8502 make run",
        ) from error
    listening.set_inheritable(True)
    return listening


async def _unavailable(request: Request, error: Exception) -> Response:
    _logger.error("%s: the database does not answer", request.url.path, exc_info=error)
    return signpost.page(request.scope, "unavailable", 503)


async def _failed(request: Request, error: Exception) -> Response:
    reference = secrets.token_hex(4)
    _logger.error("%s failed, reference %s", request.url.path, reference, exc_info=error)
    return signpost.page(request.scope, "failed", 500, reference=reference)


def _log_script_error(error: Exception) -> bool:
    """Log what a page could not catch itself; True keeps Streamlit's own box, in English, off the page."""
    _logger.error("the app failed", exc_info=error)
    return True
