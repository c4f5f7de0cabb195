"""`person`: everything about one person in one archive, and everything about them gone."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cauce.cli.audit import seal_log
from cauce.cli.database import open_database
from cauce.cli.progress import step
from cauce.database import Database

person_app = typer.Typer(help="A person's data: export, erase.", no_args_is_help=True)
out = Console(highlight=False, soft_wrap=True)


@person_app.command("export")
def person_export(
    email: Annotated[str, typer.Argument(help="Whose data.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The archive to write.")] = Path("person.zip"),
) -> None:
    """Write everything about a person, decrypted, to one zip archive that only you can read.

    Example: `cauce person export ana@example.com -o ana.zip`
    """
    from cauce.lifecycle.export import export

    database = open_database()
    with step("export"):
        parts = export(database, email, output)
    out.print(f"{output}: {sum(part.rows for part in parts):,} rows in {len(parts)} files", markup=False)
    if not seal_log(database):
        raise typer.Exit(1)


@person_app.command("erase")
def person_erase(
    email: Annotated[str, typer.Argument(help="Whom to erase.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove everything about a person: tables, marts, archives, log. It cannot be taken back.

    The audit log keeps what was done under an id that names nobody any more. Interrupted, run it again: it goes on.

    Example: `cauce person erase ana@example.com --yes`
    """
    from cauce.lifecycle.erase import BEYOND_REACH, LINGERING, erase

    if not yes:
        typer.confirm(f"Remove everything about {email}, for good?", abort=True)
    database = open_database()
    with step("erasing") as tell:
        erased = erase(database, email, on_progress=tell)
    table = Table("from", "rows", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for place, rows in sorted(erased.removed.items()):
        table.add_row(place, f"{rows:,}")
    if erased.removed:
        out.print(table)
    who = f"erased; the audit log knows them as {erased.pseudonym}" if erased.pseudonym else "nobody has this address"
    out.print(f"{email}: {who}", markup=False)
    for path in _files_of(database, email):
        out.print(f"! {path} is still there: delete it", markup=False)
    for note in BEYOND_REACH if erased.pseudonym else ():
        out.print(f"· {note}", markup=False)
    if erased.lingering:
        out.print(f"! {LINGERING}", markup=False)
    if not seal_log(database):
        raise typer.Exit(1)


def _files_of(database: Database, email: str) -> list[Path]:
    """The files of the inbox that lie in a folder named by this address."""
    from ingest.paths import find_files

    found = find_files([database.settings.inbox])
    return [file.path for file in found if file.email and file.email.lower() == email.strip().lower()]
