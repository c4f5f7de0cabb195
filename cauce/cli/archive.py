"""`archive`: usage that was moved to files, and questions about it."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cauce.cli.database import open_database
from cauce.database import Role

archive_app = typer.Typer(help="Usage that was moved to Parquet files: list, query.", no_args_is_help=True)
out = Console(highlight=False, soft_wrap=True)


@archive_app.command("list")
def archive_list() -> None:
    """List the archives: file, month, rows, and when it was made.

    Example: `cauce archive list`
    """
    from cauce.lifecycle.archive import archives

    with open_database().transaction(Role.OWNER) as conn:
        found = archives(conn)
    table = Table("file", "month", "rows", "archived", box=None, pad_edge=False)
    table.columns[2].justify = "right"
    for archive in found:
        table.add_row(archive.file, f"{archive.month:%Y-%m}", f"{archive.rows:,}", f"{archive.archived_at:%Y-%m-%d}")
    out.print(table)


@archive_app.command("query")
def archive_query(
    statement: Annotated[str, typer.Argument(metavar="SQL", help="A SELECT over `usage_logs`.")],
    live: Annotated[bool, typer.Option("--live", help="Ask the rows still in the database, too.")] = False,
) -> None:
    """Answer a question about archived usage, as CSV.

    Example: `cauce archive query "SELECT model, sum(total_cost) FROM usage_logs GROUP BY model"`
    """
    from cauce.lifecycle.archive_reading import query

    typer.echo(query(open_database(), statement, live=live).write_csv(), nl=False)
