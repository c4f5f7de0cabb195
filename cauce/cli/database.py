"""`up`, `down`, `status`, `doctor`, `migrate`, `db url`, `db psql`: the database and its state."""

import os
import shutil
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cauce.cli.progress import step
from cauce.database import Database, Role
from cauce.errors import FatalError
from cauce.settings import get_settings

app = typer.Typer()
db_app = typer.Typer(help="Addresses of the database, and a prompt on it.", no_args_is_help=True)
out = Console(highlight=False, soft_wrap=True)


class RoleName(StrEnum):
    """The roles a person may ask an address of."""

    OWNER = "owner"
    ADMIN = "admin"
    ANALYST = "analyst"
    USER = "user"

    @property
    def role(self) -> Role:
        """The database role."""
        return Role(f"cauce_{self}")


def open_database() -> Database:
    """The database of the settings, started if it is the embedded one and not running."""
    with step("database") as tell:
        return Database.from_settings(get_settings(), on_progress=tell)


@app.command()
def up() -> None:
    """Start the database (nothing to do when it runs, or when DATABASE_URL names one).

    Example: `cauce up`
    """
    out.print(f"database at {open_database().where}")


@app.command()
def down() -> None:
    """Stop the embedded database; whoever is connected is let go.

    Example: `cauce down`
    """
    from cauce.database.server import EmbeddedServer

    if get_settings().database_url:
        out.print("DATABASE_URL names a server of your own; it is left running")
        return
    stopped = EmbeddedServer(get_settings().home).stop()
    out.print("database stopped" if stopped else "database was not running")


@app.command()
def migrate() -> None:
    """Bring roles and tables to the newest revision.

    Example: `cauce migrate`
    """
    from cauce.database.migrations import migrate as run

    database = open_database()
    with step("migrations"):
        before, after = run(database)
    out.print(f"at {after}" if before == after else f"from {before or 'nothing'} to {after}")


@app.command()
def status() -> None:
    """Say what runs, what is loaded and when the marts were last published.

    Example: `cauce status`
    """
    from cauce.cli.state import report_status

    raise typer.Exit(report_status(get_settings(), out))


@app.command()
def doctor() -> None:
    """Check everything Cauce needs, and say what to do about what is missing.

    Example: `cauce doctor`
    """
    from cauce.cli.state import report_doctor

    raise typer.Exit(report_doctor(get_settings(), out))


@db_app.command("url")
def db_url(role: Annotated[RoleName, typer.Option(help="Whose address.")] = RoleName.OWNER) -> None:
    """Print the address to connect to, password included.

    Example: `psql "$(cauce db url --role analyst)"`
    """
    database = open_database()
    _tell_hand_out(database, role.role)
    print(database.url(role.role))  # noqa: T201 - the address alone, for a shell to use


@db_app.command("psql")
def db_psql(role: Annotated[RoleName, typer.Option(help="As whom.")] = RoleName.OWNER) -> None:
    """Open a psql prompt on the database.

    Example: `cauce db psql --role analyst`
    """
    from cauce.database.server import server_binaries

    database = open_database()
    bundled = server_binaries() / "psql"
    program = str(bundled) if bundled.exists() else shutil.which("psql")
    if program is None:
        raise FatalError("there is no psql", action="install the package postgresql-client, or use `cauce db url`")
    _tell_hand_out(database, role.role)
    url = database.url(role.role)
    database.close()
    os.execv(program, [Path(program).name, url])  # noqa: S606 - the very program, with the very address


def _tell_hand_out(database: Database, role: Role) -> None:
    """Audit that somebody got an address that opens everybody's rows; a database without tables has none yet."""
    import psycopg

    from cauce.security.audit import record

    if role is not Role.OWNER:
        return
    with suppress(psycopg.errors.UndefinedFunction), database.connect(Role.OWNER) as conn:
        record(conn, "HAND_OUT_ADDRESS", details={"role": role})
