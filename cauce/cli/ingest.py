"""`ingest`, `undo` and `quarantine`: files in, files out again, and the rows that were kept aside."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from cauce.cli.database import open_database
from cauce.cli.progress import step
from cauce.database import Database, Role
from cauce.errors import FatalError

if TYPE_CHECKING:
    from ingest import FileReport

app = typer.Typer()
quarantine_app = typer.Typer(help="Rows that could not be loaded: list, replay, discard.", no_args_is_help=True)
WIDE = 160
"""Columns where nobody looks on: a name that is cut in two is found by no search."""
out = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
MOST_FILES = 40
"""More files than this are summed up by format."""
OUTCOMES = ("read", "loaded", "updated", "duplicate", "quarantined", "ignored")


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files, and folders that are searched.", exists=True)],
    user: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Owner of personal files and of events that name nobody.")
    ] = None,
    create_user: Annotated[bool, typer.Option(help="Make people who are not known yet.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Load files, whatever their format, and account for every record in them.

    The format is recognised by content. A folder named like an e-mail address names the owner of what lies in it.

    Example: `cauce ingest statement.ofx --user ana@example.com --create-user`
    """
    reports = load(open_database(), paths, user=user, create_user=create_user)
    if as_json:
        typer.echo(json.dumps({"files": [report.as_dict() for report in reports]}, ensure_ascii=False, indent=2))
    else:
        print_reports(reports)
    if any(report.failed for report in reports):
        raise typer.Exit(1)


@app.command()
def undo(batch: Annotated[UUID, typer.Argument(help="The batch, as `ingest` printed it.")]) -> None:
    """Take back everything one batch loaded; the same file can then be loaded again.

    Example: `cauce undo 0197…`
    """
    from ingest import undo as run

    out.print(run(open_database(), batch))


@quarantine_app.command("list")
def quarantine_list(
    batch: Annotated[UUID | None, typer.Option(help="Only the rows of this batch.")] = None,
    user: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="This person's finance and health rows, too.")
    ] = None,
) -> None:
    """List the rows that wait: where they stood, which rule they broke, why, and the row's id.

    Example: `cauce quarantine list --user ana@example.com`
    """
    from ingest import open_rows

    database = open_database()
    for row in open_rows(database, batch=batch, owner=_owner(database, user, "READ_QUARANTINE")):
        where = f"{row.source_file}:{row.line or '?'}" + (f" {row.column_name}" if row.column_name else "")
        out.print(f"{where}: {row.rule}: {row.reason} ({row.id})", markup=False, soft_wrap=True)


@quarantine_app.command("replay")
def quarantine_replay(
    row: Annotated[UUID, typer.Argument(help="The row, as `list` printed it.")],
    file: Annotated[Path | None, typer.Option(help="Its repaired text.", exists=True, dir_okay=False)] = None,
    user: Annotated[str | None, typer.Option(metavar="EMAIL", help="Whose it is, when it has no owner.")] = None,
) -> None:
    """Load a row again: as it was, once what it lacked is there, or repaired. The row is then resolved.

    Example: `cauce quarantine replay 0197… --file repaired.json`
    """
    from ingest import replay

    database = open_database()
    owner = _owner(database, user, "REPLAY_QUARANTINE")
    print_reports([replay(database, row, text=file.read_text() if file else None, owner=owner)])


@quarantine_app.command("discard")
def quarantine_discard(
    rows: Annotated[list[UUID], typer.Argument(help="The rows, as `list` printed them.")],
    user: Annotated[str | None, typer.Option(metavar="EMAIL", help="Whose finance and health rows they are.")] = None,
) -> None:
    """Give rows up: they are kept as discarded, and the same text is not quarantined again.

    Example: `cauce quarantine discard 0197…`
    """
    from ingest import discard

    database = open_database()
    out.print(f"{discard(database, rows, owner=_owner(database, user, 'DISCARD_QUARANTINE'))} rows discarded")


def _owner(database: Database, email: str | None, action: str) -> UUID | None:
    """The person with this address, nobody when none is given; that their rows are reached for is audited."""
    from cauce.security.audit import record
    from cauce.security.people import find_person

    if not email:
        return None
    owner = find_person(database, email)
    if owner is None:
        raise FatalError(f"nobody has the address {email}", action="check it, or run `cauce link --create-user`")
    with database.transaction(Role.INGEST) as conn:
        record(conn, action, target_type="users", target_id=owner)
    return owner


def load(
    database: Database, paths: Sequence[Path], *, user: str | None = None, create_user: bool = False
) -> "list[FileReport]":
    """Load files with their progress shown."""
    from ingest import load_paths

    with step("loading files") as tell:
        return load_paths(
            database,
            paths,
            owner_email=user,
            create_user=create_user,
            on_progress=lambda file, records, done, total: tell(
                f"{file}: {records:,} records" + (f", {done * 100 // total} %" if total else "")
            ),
        )


def print_reports(reports: "Sequence[FileReport]") -> None:
    """Print what became of each file, or of many files of each format; then what else there is to say of them."""
    rows = (
        [(Path(report.file).name, report.format or "", [report]) for report in reports]
        if len(reports) <= MOST_FILES
        else [
            (f"{len(group)} files", form, group)
            for form in sorted({report.format or "" for report in reports})
            if (group := [report for report in reports if (report.format or "") == form])
        ]
    )
    if len(reports) > 1:
        rows.append(("all", "", list(reports)))
    table = Table("file", "format", *OUTCOMES, box=None, pad_edge=False)
    table.columns[0].overflow = table.columns[1].overflow = "fold"
    for column in table.columns[2:]:
        column.justify = "right"
        column.no_wrap = True
    for name, form, group in rows:
        table.add_row(name, form, *(f"{sum(getattr(report, outcome) for report in group):,}" for outcome in OUTCOMES))
    if reports:
        out.print(table)
    for report in reports:
        if report.message and (report.failed or report.batch is None or report.read != report.duplicate):
            out.print(f"{report.file}: {report.message}", markup=False, soft_wrap=True)
