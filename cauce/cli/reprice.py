"""`reprice`: what is loaded, at today's prices of its own time."""

import csv
import sys
from datetime import date
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
    from ingest.usage.reprice import Change

app = typer.Typer()
WIDE = 160
"""Columns where nobody looks on: a row is a line."""
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)
HEADER = ("person", "month", "events", "changed", "before", "after", "difference", "unknown before", "unknown after")


@app.command("reprice")
def reprice_command(
    begins: Annotated[str | None, typer.Option("--from", help="The first day, as people's days are counted.")] = None,
    ends: Annotated[str | None, typer.Option("--to", help="The last day.")] = None,
    model: Annotated[str | None, typer.Option(help="Only this model; with `*` at the end all that begin so.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    file: Annotated[Path | None, typer.Option("--csv", help="Write the changes to this file, too.")] = None,
) -> None:
    """Price loaded events anew, each at its own time, and show the change by person and month (USD).

    Archived months stay as they are. Safe to break off and to run again. Figures of closed months do not move: the
    difference becomes an adjustment of the next month that closes.

    Example: `cauce reprice --from 2026-01-01 --model "gpt-4o*" --dry-run --csv change.csv`
    """
    from ingest.usage.reprice import Selection, reprice

    selection = Selection(_day(begins), _day(ends), model)
    database = open_database()
    with step("prices") as tell:
        done = reprice(database, selection, dry_run=dry_run, on_progress=tell)
    people = _addresses(database, {person for person, _ in done.changes})
    rows = [
        (people.get(person, str(person)), f"{month:%Y-%m}", change)
        for (person, month), change in sorted(done.changes.items(), key=lambda item: (item[0][1], str(item[0][0])))
    ]
    if file is not None:
        _write(file, rows)
    table = Table(*HEADER, box=None, pad_edge=False)
    for column in table.columns[2:]:
        column.justify = "right"
    for person, month, change in [*rows, ("total", "", done.total)]:
        costs = (f"{cost:,.6f}" for cost in (change.cost_before, change.cost_after, change.difference))
        unknown = (f"{count:,}" for count in (change.unknown_before, change.unknown_after))
        table.add_row(person, month, f"{change.events:,}", f"{change.changed:,}", *costs, *unknown)
    out.print(table if rows else "every event has its price already")
    if rows:
        out.print(
            "nothing is written: run it without --dry-run" if dry_run else f"{done.total.changed:,} events written"
        )
    for archived, events in sorted(done.archived.items()):
        out.print(f"{archived:%Y-%m} is archived: {events:,} events stay as they are")


def _write(file: Path, rows: "list[tuple[str, str, Change]]") -> None:
    """Write the changes as CSV, costs exactly."""
    try:
        with file.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(HEADER)
            for person, month, change in rows:
                costs = (f"{cost:f}" for cost in (change.cost_before, change.cost_after, change.difference))
                unknown = (change.unknown_before, change.unknown_after)
                writer.writerow((person, month, change.events, change.changed, *costs, *unknown))
    except OSError as error:
        raise FatalError(
            f"the file cannot be written: {error.strerror}", where=str(file), action="name another with --csv"
        ) from error


def _addresses(database: Database, people: set[UUID]) -> dict[UUID, str]:
    with database.transaction(Role.OWNER) as conn:
        return dict(conn.execute("SELECT id, email FROM users WHERE id = ANY(%s)", (sorted(people),)).fetchall())


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise FatalError(f"{text!r} is not a day", action="write it as 2026-01-31") from error
