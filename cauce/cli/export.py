"""`export`: what leaves for other tools."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cauce.cli.database import open_database
from cauce.cli.progress import step

export_app = typer.Typer(help="Figures for other tools: FOCUS.", no_args_is_help=True)
out = Console(highlight=False, soft_wrap=True)


@export_app.command("focus")
def export_focus(
    month: Annotated[str, typer.Argument(help="The month, as 2026-10.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file: .csv or .parquet.", show_default="focus-MONTH.csv")
    ] = None,
) -> None:
    """Write what models cost in a month, by person, day, agent and model, in the columns of FOCUS 1.2.

    Example: `cauce export focus 2026-10 -o focus.parquet`
    """
    from cauce.billing.focus import export_focus
    from cauce.billing.months import read_month

    day = read_month(month)
    path = output or Path(f"focus-{month}.csv")
    database = open_database()
    with step("export"):
        exported = export_focus(database, day, path)
    out.print(f"{path}: {exported.charges:,} charges, {exported.cost:,.2f} USD", markup=False)
    if exported.unknown:
        out.print(
            f"· without the cost of {exported.unknown:,} calls: `cauce prices unknown` lists their models", markup=False
        )
