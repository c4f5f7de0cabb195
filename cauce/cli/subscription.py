"""`subscription`: how somebody pays, from now on."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from cauce.cli.database import open_database
from cauce.database import Role
from cauce.errors import FatalError

if TYPE_CHECKING:
    from cauce.billing.terms import Period

subscription_app = typer.Typer(
    help="How somebody pays: history, by week, month or year, pause, end.", no_args_is_help=True
)
out = Console(highlight=False, soft_wrap=True)
Email = Annotated[str, typer.Argument(help="Whose subscription.")]


@subscription_app.command("show")
def subscription_show(email: Email) -> None:
    """List the periods of somebody's subscription, the current one last. Times are UTC.

    Example: `cauce subscription show ana@example.com`
    """
    from cauce.billing.terms import history

    with open_database().transaction(Role.OWNER) as conn:
        periods = history(conn, email)
    table = Table("plan", "status", "from", "to", "price", box=None, pad_edge=False)
    for period in periods:
        table.add_row(period.plan_code, period.status, _time(period.valid_from), _time(period.valid_to), _price(period))
    out.print(table if periods else f"{email} has no subscription", markup=False)


@subscription_app.command("interval")
def subscription_interval(email: Email, interval: Annotated[str, typer.Argument(help="week, month or year.")]) -> None:
    """Let somebody pay by the week, month or year from today on, at the listed price.

    What is left of the cycle under way is given back.

    Example: `cauce subscription interval ana@example.com year`
    """
    from cauce.billing.terms import pay_by
    from cauce.models.billing import BillingInterval

    if interval not in list(BillingInterval):
        raise FatalError(f"{interval!r} is no interval", action=f"use one of {', '.join(BillingInterval)}")
    with open_database().transaction(Role.OWNER) as conn:
        period = pay_by(conn, email, BillingInterval(interval))
    _tell(email, period)


@subscription_app.command("pause")
def subscription_pause(email: Email) -> None:
    """Bill nothing for somebody's plan from today on, until it is resumed. The rest of the cycle is given back.

    Example: `cauce subscription pause ana@example.com`
    """
    from cauce.billing.terms import pause

    with open_database().transaction(Role.OWNER) as conn:
        period = pause(conn, email)
    _tell(email, period)


@subscription_app.command("resume")
def subscription_resume(email: Email) -> None:
    """Go on with a paused subscription from today on, at the price it had.

    Example: `cauce subscription resume ana@example.com`
    """
    from cauce.billing.terms import resume

    with open_database().transaction(Role.OWNER) as conn:
        period = resume(conn, email)
    _tell(email, period)


@subscription_app.command("cancel")
def subscription_cancel(email: Email, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """End somebody's plan today: the free one goes on, without limits of their own. What is left is given back.

    Example: `cauce subscription cancel ana@example.com --yes`
    """
    from cauce.billing.terms import cancel

    if not yes:
        typer.confirm(f"End the plan of {email}?", abort=True)
    with open_database().transaction(Role.OWNER) as conn:
        period = cancel(conn, email)
    _tell(email, period)


def _tell(email: str, period: "Period") -> None:
    out.print(f"{email}: {period.plan_code}, {period.status}, {_price(period) or 'no price agreed'}", markup=False)


def _price(period: "Period") -> str:
    return "" if period.amount is None else f"{period.amount:,.2f} {period.currency} a {period.billing_interval}"


def _time(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"
