"""The web server of the receiver: it stops at SIGINT and SIGTERM when everything it accepted is loaded and answered."""

import signal
import socket
from collections.abc import Callable
from typing import Final

import uvicorn

from cauce.database import Database, Role
from cauce.errors import FatalError
from cauce.settings import Settings
from ingest.otlp.app import build_app
from ingest.paths import find_person

_BACKLOG: Final = 256
_CONNECTIONS: Final = 1000
_SECONDS_TO_STOP: Final = 60


def serve(
    settings: Settings,
    db: Database,
    *,
    host: str,
    port: int,
    owner_email: str | None = None,
    create_user: bool = False,
    on_ready: Callable[[str], None] = lambda _address: None,
) -> None:
    """Receive traces until SIGINT or SIGTERM; `on_ready` is given the address once it answers.

    `port` 0 takes any free one. `owner_email` owns events that name nobody, `create_user` registers people who are
    named. Raises `FatalError` when the address cannot be had, the tables are not there, or nobody is `owner_email`.
    """
    _require_tables(db)
    owner = None if owner_email is None else find_person(db, owner_email, create=create_user)
    if owner_email is not None and owner is None:
        raise FatalError(
            "there is no such person",
            where=owner_email,
            action="check the address, or make them with --create-user (with `cauce link`, if they were erased)",
        )
    with _listen(host, port) as listening:
        shown = f"[{host}]" if ":" in host else host
        config = uvicorn.Config(
            build_app(settings, db, owner=owner, create_people=create_user),
            access_log=False,
            log_level="warning",
            server_header=False,
            lifespan="on",
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_SECONDS_TO_STOP,
        )
        server = _Server(config, lambda: on_ready(f"http://{shown}:{listening.getsockname()[1]}"))
        # uvicorn raises the signal again once it has stopped; being asked to stop is no failure.
        for stop in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stop, lambda *_: None)
        server.run(sockets=[listening])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()


def _require_tables(db: Database) -> None:
    with db.connect(Role.INGEST) as conn:
        found = conn.execute("SELECT to_regclass('ingest_batches')").fetchone()
    if found == (None,):
        raise FatalError("the database has no tables yet", where=db.where, action="run `cauce migrate` once")


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise FatalError(
            f"cannot listen: {error.strerror or error}",
            where=f"{host}:{port}",
            action="stop what uses the port, or choose another: cauce otlp --port 4319",
        ) from error
    return listening
