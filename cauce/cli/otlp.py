"""`otlp`: traces that applications send."""

from typing import Annotated

import typer
from rich.console import Console

from cauce.cli.database import open_database
from cauce.database import Database, Role
from cauce.settings import get_settings

app = typer.Typer()
out = Console(highlight=False, soft_wrap=True)


@app.command()
def otlp(
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.", show_default="4318")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on: anything but loopback needs TLS in front of it.")
    ] = None,
    user: Annotated[str | None, typer.Option(metavar="EMAIL", help="Owner of events that name nobody.")] = None,
    create_user: Annotated[bool, typer.Option(help="Make people who are not known yet.")] = False,
    show_token: Annotated[bool, typer.Option(help="Print the token that senders need, and end.")] = False,
) -> None:
    """Receive traces from OpenTelemetry exporters (OTLP/HTTP) until Ctrl-C; 200 means that they are in the database.

    Example: `cauce otlp --port 4318 --create-user`
    """
    from ingest.otlp import serve, token_of

    settings = get_settings()
    database = open_database()
    if show_token:
        _tell_hand_out(database)
        print(token_of(settings, database.secrets))  # noqa: T201 - the token alone, for a shell to use
        return

    def ready(address: str) -> None:
        out.print(f"Traces are received at {address}/v1/traces; an exporter needs")
        out.print(f"  OTEL_EXPORTER_OTLP_ENDPOINT={address}", markup=False)
        out.print('  OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20$(cauce otlp --show-token)"', markup=False)
        out.print("Ctrl-C stops it.")

    serve(
        settings,
        database,
        host=settings.otlp_host if host is None else host,
        port=settings.otlp_port if port is None else port,
        owner_email=user,
        create_user=create_user,
        on_ready=ready,
    )
    out.print("stopped; everything that was accepted is loaded")


def _tell_hand_out(database: Database) -> None:
    """Audit that somebody got what opens the receiver."""
    from cauce.security.audit import record

    with database.transaction(Role.INGEST) as conn:
        record(conn, "HAND_OUT_TOKEN", details={"of": "otlp"})
