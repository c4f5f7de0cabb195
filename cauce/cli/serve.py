"""`serve` and `start`: the app, alone or with everything before it."""

import errno
import socket
from collections.abc import Callable

import typer
from rich.console import Console

from cauce.cli.database import open_database
from cauce.cli.progress import step
from cauce.errors import FatalError
from cauce.settings import Settings, get_settings

app = typer.Typer()
out = Console(highlight=False, soft_wrap=True)
DEMO_LINK_MINUTES = 12 * 60


@app.command()
def serve() -> None:
    """Serve the app until Ctrl-C.

    Example: `cauce serve`
    """
    from app_streamlit.server import serve as run

    settings = get_settings()
    require_port(settings)
    run(settings, open_database())


@app.command()
def start() -> None:
    """Everything, from an empty folder to the app: database, tables, demo, inbox, marts, pages. `make run` does this.

    Ctrl-C stops the app, and the embedded database that was started for it.

    Example: `cauce start`
    """
    from app_streamlit.server import serve as run
    from cauce.cli.audit import seal_log
    from cauce.cli.pipeline import load_demo, run_pipeline
    from cauce.database.migrations import migrate
    from cauce.database.server import EmbeddedServer
    from cauce.security.sign_in import issue_link

    settings = get_settings()
    require_port(settings)
    server = EmbeddedServer(settings.home)
    stop: Callable[[], object] = (lambda: None) if settings.database_url or server.status().running else server.stop
    try:
        database = open_database()
        with step("migrations"):
            migrate(database)
        people = load_demo(database)
        settings.inbox.mkdir(exist_ok=True)
        published = run_pipeline(database, [settings.inbox])
        seal_log(database)
        links = {email: issue_link(database, email, minutes=DEMO_LINK_MINUTES) for email in people}

        def ready() -> None:
            out.print(f"\nCauce is at {settings.base_url} — sign in as one of the demo people:\n")
            for email, link in links.items():
                out.print(f"  {email:<28} {link}", markup=False)
            if not published:
                out.print("\nThe marts were not published; the pages show the last good ones. See above.")
            out.print("\nCtrl-C stops it.")

        run(settings, database, on_ready=ready)
    except KeyboardInterrupt:
        out.print("\nstopped")
    finally:
        stop()


def require_port(settings: Settings) -> None:
    """Find out before the long work, not after it, that the port cannot be had."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            raise FatalError(
                f"port {settings.port} {'is taken' if taken else 'cannot be used'}",
                where=settings.host,
                action="stop what uses it, or set CAUCE_PORT to another: CAUCE_PORT=8601 make run",
            ) from error
