"""`audit verify`, `audit list`, `audit seal`: the log of who did what, and the proof that nobody touched it."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cauce.cli.database import open_database
from cauce.cli.progress import step
from cauce.database import Database

if TYPE_CHECKING:
    from cauce.security.audit import Verdict

audit_app = typer.Typer(help="The audit log: list it, verify it, seal it.", no_args_is_help=True)
out = Console(highlight=False, soft_wrap=True)


@audit_app.command("verify")
def audit_verify(
    expect_head: Annotated[
        str | None, typer.Option(metavar="HASH", help="A head noted outside the database, now or earlier.")
    ] = None,
) -> None:
    """Prove that no entry was altered, removed, inserted or moved; exits 1 and says where when one was.

    It prints the head, the hash of the last entry. Note it somewhere else: whoever can write everything in the database
    could cut the log's end and its seals off, and only a noted head shows that.

    Example: `cauce audit verify --expect-head 5f0c…`
    """
    from cauce.security.audit import verify

    database = open_database()
    with step("verifying the audit log"):
        verdict = verify(database, expect_head=expect_head)
    if not print_verdict(verdict):
        raise typer.Exit(1)


@audit_app.command("seal")
def audit_seal() -> None:
    """Seal the end of the log with the installation's secret, as every `cauce run` does; a broken log is not sealed.

    Example: `cauce audit seal`
    """
    if not seal_log(open_database()):
        raise typer.Exit(1)


@audit_app.command("list")
def audit_list(
    since: Annotated[datetime | None, typer.Option(help="Entries from then on, in UTC.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this action, such as CHANGE_ROLE.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="So many of the newest.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the newest entries, the last one last: when, who, what, whom or what it was done to, what changed.

    Example: `cauce audit list --since 2026-11-01 --action CHANGE_ROLE`
    """
    from cauce.security.audit import entries

    moment = since.replace(tzinfo=UTC) if since else None
    found = entries(open_database(), since=moment, action=action, limit=limit)
    if as_json:
        typer.echo(json.dumps({"entries": [asdict(entry) for entry in found]}, default=str, indent=2))
        return
    for entry in found:
        when = f"{entry.timestamp.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
        target = " ".join(str(part) for part in (entry.target_type, entry.target_id) if part)
        details = json.dumps(entry.details) if entry.details else ""
        said = (entry.sequence, when, entry.actor, entry.admin_id or "-", entry.action, target, details)
        out.print(" ".join(str(part) for part in said if part), markup=False)


def seal_log(database: Database) -> bool:
    """Seal the log's end; False, with a line that says why, when it does not continue its last seal."""
    from cauce.security.audit import seal

    with step("sealing the audit log"):
        verdict = seal(database)
    return print_verdict(verdict)


def print_verdict(verdict: "Verdict") -> bool:
    """Print what was found; whether it is good."""
    if verdict.broken is not None:
        broken = verdict.broken
        out.print(f"✗ the audit log is broken at {broken.sequence}: {broken.damage}: {broken.detail}", markup=False)
        return False
    sealed = f"sealed up to {verdict.sealed:,}" if verdict.sealed else "not sealed yet"
    out.print(f"✓ {verdict.entries:,} audit entries, whole; {sealed}; head {verdict.head}", markup=False)
    return True
