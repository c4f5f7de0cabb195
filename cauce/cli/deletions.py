"""`deletions`: what stores outside the database have to delete."""

import json
from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from cauce.cli.database import open_database

deletions_app = typer.Typer(
    help="Vectors and files that their stores have to delete: list, done.", no_args_is_help=True
)
out = Console(highlight=False, soft_wrap=True)


@deletions_app.command("list")
def deletions_list(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
    """List the vectors and files that nothing points at any more, and that nobody said are deleted.

    Example: `cauce deletions list --json`
    """
    from cauce.lifecycle.deletions import pending

    found = pending(open_database())
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], default=str, ensure_ascii=False, indent=2))
        return
    for one in found:
        out.print(f"{one.id} {one.kind} {one.provider or ''} {one.location}".replace("  ", " "), markup=False)
    out.print(f"{len(found):,} to delete")


@deletions_app.command("done")
def deletions_done(ids: Annotated[list[UUID], typer.Argument(help="The ids, as `list` printed them.")]) -> None:
    """Take off the list what its store has deleted. Nothing else does: the list may hold names in paths.

    Example: `cauce deletions done 0197…`
    """
    from cauce.lifecycle.deletions import done

    out.print(f"{done(open_database(), ids):,} taken off the list")
