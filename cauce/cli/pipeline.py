"""`demo`, `build`, `check`, `publish`, `run`: from files to marts that people read."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cauce.cli.audit import seal_log
from cauce.cli.database import open_database
from cauce.cli.ingest import load, print_reports
from cauce.cli.progress import step
from cauce.database import Database
from cauce.settings import get_settings

app = typer.Typer()
out = Console(highlight=False, soft_wrap=True)


@app.command()
def demo(
    users: Annotated[int | None, typer.Option(min=4, help="How many people.")] = None,
    months: Annotated[int | None, typer.Option(min=1, help="How many months.")] = None,
) -> None:
    """Write the demo files, make the demo people, and load the files like any others.

    Example: `cauce demo --users 200 --months 24`
    """
    load_demo(open_database(), users=users, months=months)


@app.command()
def build(force: Annotated[bool, typer.Option(help="Build even when nothing changed.")] = False) -> None:
    """Build the marts into a candidate that nobody reads yet.

    Example: `cauce build`
    """
    build_marts(open_database(), force=force)


@app.command()
def check() -> None:
    """Audit the candidate; exits 0 only when every expectation holds.

    Example: `cauce check`
    """
    if not check_marts(open_database()):
        raise typer.Exit(1)


@app.command()
def publish() -> None:
    """Make the audited candidate the marts, in one step; what failed its audit is refused.

    Example: `cauce publish`
    """
    if not publish_marts(open_database()):
        raise typer.Exit(1)


@app.command()
def run() -> None:
    """Load the inbox, build, check and publish; seal the audit log. Safe to run at any time, and twice at once.

    Example: `cauce run`
    """
    database = open_database()
    published = run_pipeline(database, [get_settings().inbox])
    if not seal_log(database) or not published:
        raise typer.Exit(1)


def load_demo(database: Database, *, users: int | None = None, months: int | None = None) -> list[str]:
    """Make and load the demo; gives the addresses of the people to sign in as."""
    from cauce.demo import generate
    from cauce.demo.billing import bill_months
    from cauce.demo.people import create_people
    from cauce.security.people import find_person

    settings = get_settings()
    users, months = users or settings.demo_users, months or settings.demo_months
    folder = settings.home / "demo" / f"{settings.demo_seed}-{users}-{months}"
    with step("demo files") as tell:
        plan = generate(
            folder, users=users, months=months, seed=settings.demo_seed, today=_first_day(folder), on_progress=tell
        )
    with step("demo people"):
        create_people(database, plan)
    print_reports(load(database, [folder]))
    with step("demo invoices"):
        bill_months(database, plan)
    return [person.email for person in plan.people[:4] if find_person(database, person.email)]


def run_pipeline(database: Database, inputs: list[Path]) -> bool:
    """Everything from files to published marts; False when a file failed or the audit did."""
    with database.lock("run", on_wait=lambda text: out.print(text)):
        inputs = [path for path in inputs if path.exists()]
        reports = load(database, inputs) if inputs else []
        print_reports(reports)
        build_marts(database)
        good = check_marts(database) and publish_marts(database)
    return good and not any(report.failed for report in reports)


def build_marts(database: Database, *, force: bool = False) -> None:
    """Build the candidate, or find that nothing changed since the last publication."""
    from expectations.build import build as run_build

    with step("building marts") as tell:
        report = run_build(database, force=force, on_progress=tell)
    if report.skipped:
        out.print("nothing changed since the last publication")


def check_marts(database: Database) -> bool:
    """Audit the candidate and print what failed."""
    from expectations.audit import check as run_check

    with step("checking marts"):
        report = run_check(database)
    for warning in report.warnings:
        out.print(f"! {warning}", markup=False)
    for failure in report.failures:
        out.print(f"✗ {failure}", markup=False)
    return not report.failures


def publish_marts(database: Database) -> bool:
    """Publish the audited candidate."""
    from expectations.publish import publish as run_publish

    with step("publishing marts"):
        report = run_publish(database)
    return report.published


def _first_day(folder: Path) -> date:
    """The day the demo ends: the day it was first made, so that a second run finds the same files."""
    marker = folder.with_name(f"{folder.name}.today")
    if not marker.exists():
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text(datetime.now(UTC).date().isoformat())
    return date.fromisoformat(marker.read_text().strip())
