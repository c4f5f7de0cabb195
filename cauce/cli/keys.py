"""`keys`: what sealed values are sealed with."""

import typer
from rich.console import Console
from rich.table import Table

from cauce.cli.audit import seal_log
from cauce.cli.database import open_database
from cauce.cli.progress import step

keys_app = typer.Typer(help="The keys that tokens, account numbers and quarantined texts are sealed with.")
out = Console(highlight=False, soft_wrap=True)


@keys_app.command()
def rotate() -> None:
    """Seal everything with a new key and destroy the old one, while everybody works; killed, it goes on when run again.

    Example: `cauce keys rotate`
    """
    from cauce.security.rotation import rotate as run

    database = open_database()
    with step("keys") as tell:
        done = run(database, on_progress=tell)
    destroyed = ", ".join(map(str, done.destroyed)) or "none"
    out.print(f"key {done.active} seals; {done.resealed:,} values sealed anew; destroyed: {destroyed}")
    if not seal_log(database):
        raise typer.Exit(1)


@keys_app.command()
def status() -> None:
    """Say of each key since when and until when it sealed, and how many values need it.

    Example: `cauce keys status`
    """
    from cauce.security.rotation import key_statuses

    table = Table(box=None, pad_edge=False)
    for title in ("key", "created", "retired", "state", "values"):
        table.add_column(title)
    for key in key_statuses(open_database()):
        state = "destroyed" if key.destroyed else "retired" if key.retired_at else "active"
        values = "; ".join(f"{name} {count:,}" for name, count in key.envelopes.items()) or "none"
        retired = f"{key.retired_at:%Y-%m-%d %H:%M}" if key.retired_at else "—"
        table.add_row(str(key.id), f"{key.created_at:%Y-%m-%d %H:%M}", retired, state, values)
    out.print(table)
