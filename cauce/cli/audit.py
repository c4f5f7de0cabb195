"""`audit verify`, `list`, `seal`, `accept`: the log of who did what, and the proof that nobody touched it."""

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

audit_app = typer.Typer(help="The audit log: list it, verify it, seal it, accept a restored one.", no_args_is_help=True)
out = Console(highlight=False, soft_wrap=True)


@audit_app.command("verify")
def audit_verify(
    expect_head: Annotated[
        str | None, typer.Option(metavar="HASH", help="A head noted outside the database, now or earlier.")
    ] = None,
) -> None:
    """Prove that no entry was altered, removed, inserted or moved; exits 1 and says where when one was.

    Whoever can write everything in the database could cut the log's end and its seals off: heads noted in the home
    folder, under `audit/`, show that. They belong into a backup of their own. The head that is printed may be noted
    elsewhere, too.

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
    """Verify the log, seal its end and note it outside the database, as every `cauce run` does; not a broken one.

    Example: `cauce audit seal`
    """
    if not seal_log(open_database()):
        raise typer.Exit(1)


@audit_app.command("accept")
def audit_accept(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take a log that lacks heads noted before as it is: after a restored backup, or when the database was made anew.

    The log and the notes tell of it. A log that is broken in itself is not accepted.

    Example: `cauce audit accept`
    """
    from cauce.security.audit import accept

    if not yes:
        typer.confirm("Take the audit log as it is, without entries that it is known to have had?", abort=True)
    database = open_database()
    with step("accepting the audit log"):
        verdict = accept(database)
    if not print_verdict(verdict):
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
    """Seal the log's end; False, with a line that says why, when it is broken."""
    from cauce.security.audit import seal

    with step("sealing the audit log"):
        verdict = seal(database)
    return print_verdict(verdict)


def print_verdict(verdict: "Verdict") -> bool:
    """Print what was found; whether it is good."""
    for remark in verdict.remarks:
        out.print(f"! {remark}", markup=False)
    if verdict.broken is not None:
        broken = verdict.broken
        out.print(f"✗ the audit log is broken at {broken.sequence}: {broken.damage}: {broken.detail}", markup=False)
        return False
    sealed = f"sealed up to {verdict.sealed:,}" if verdict.sealed else "not sealed yet"
    noted = f"noted up to {verdict.noted:,}" if verdict.noted else "not noted yet"
    out.print(f"✓ {verdict.entries:,} audit entries, whole; {sealed}, {noted}; head {verdict.head}", markup=False)
    return True
