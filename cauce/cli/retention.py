"""`retention`: how long things are kept, and removing what has outlived its time."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cauce.cli.database import open_database
from cauce.cli.progress import step

retention_app = typer.Typer(help="How long things are kept: list, run.", no_args_is_help=True)
out = Console(highlight=False, soft_wrap=True)


@retention_app.command("list")
def retention_list() -> None:
    """List the policies. They are rows of `retention_policies`: change `keep` or `enabled` there.

    Example: `cauce retention list`
    """
    from cauce.lifecycle.retention import policies

    table = Table("what", "action", "kept for", "on", box=None, pad_edge=False)
    for policy in policies(open_database()):
        table.add_row(policy.subject, policy.action, policy.keep, "yes" if policy.enabled else "no")
    out.print(table)


@retention_app.command("run")
def retention_run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
) -> None:
    """Delete, expire, archive or purge what has outlived its time. Safe at any time, and twice at once.

    Example: `cauce retention run --dry-run`
    """
    from cauce.lifecycle.retention import run

    database = open_database()
    with step("retention") as tell:
        outcomes = run(database, dry_run=dry_run, on_progress=tell)
    table = Table("table", "action", "kept for", "rows", "left for later", box=None, pad_edge=False)
    table.columns[3].justify = "right"
    for outcome in outcomes:
        policy = outcome.policy
        table.add_row(outcome.table, policy.action, policy.keep, f"{outcome.rows:,}", outcome.postponed or "")
    out.print(table)
