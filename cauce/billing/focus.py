"""A month's cost in the columns of FOCUS 1.2, the FinOps Open Cost and Usage Specification, as CSV or Parquet."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import IO, Final

import polars as pl
import psycopg

from cauce.database import Database, Role
from cauce.errors import FatalError
from cauce.security.audit import record

QUERY: Final = Path(__file__).with_name("focus.sql").read_text()
SUFFIXES: Final = (".csv", ".parquet")
_SUMS = """
SELECT count(*) FILTER (WHERE total_cost IS NOT NULL), coalesce(sum(total_cost), 0),
  coalesce(sum(unknown_cost_events), 0)::bigint, count(*)
FROM marts.billable_daily WHERE month = %(month)s
"""
_COSTS = ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost")
_INSTANTS = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")


@dataclass(frozen=True, slots=True)
class Exported:
    """Charges written and their cost in USD, and how many calls of unknown cost that cost is without."""

    charges: int
    cost: Decimal
    unknown: int


def export_focus(database: Database, month: date, path: Path) -> Exported:
    """Write the charges of a month as the published marts have them, and tell the audit log.

    The suffix of `path` says which format. A charge of which no cost is known is left out: the specification has no
    unknown cost, and 0 would be wrong. People appear by id alone. Raises `FatalError` for another suffix, a file that
    exists, nothing published, or a month without usage.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise FatalError(f"{path.name} names no format", action="let it end in .csv or .parquet")
    if path.exists():
        raise FatalError(f"{path} is there already", action="name another file, or remove it first")
    part = path.with_name(f".{path.name}.part")
    try:
        with database.connect(Role.ADMIN) as conn, part.open("wb") as file:
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            exported = write_focus(conn, month, file)
        if path.suffix.lower() == ".parquet":
            _as_parquet(part)
        with database.transaction(Role.OWNER) as told:
            tell(told, month, exported)
        part.rename(path)
    except psycopg.errors.UndefinedTable as error:
        raise FatalError("no marts are published yet", action="run `cauce run`, then try again") from error
    except OSError as error:
        raise FatalError(
            f"{path} cannot be written: {error.strerror}", action="choose a folder that you may write to"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return exported


def write_focus(conn: psycopg.Connection, month: date, file: IO[bytes]) -> Exported:
    """Write the charges of a month as CSV; `conn` is an admin's. Raises `FatalError` for a month without usage."""
    charges, cost, unknown, rows = conn.execute(_SUMS, {"month": month}).fetchone() or (0, Decimal(0), 0, 0)
    if not rows:
        raise FatalError(
            f"nothing was billed with {month:%Y-%m}",
            action="see `cauce billing months`, or `cauce run`",
            rule="nothing_billed",
            about={"month": month},
        )
    statement = (
        b"COPY ("
        + psycopg.ClientCursor(conn).mogrify(QUERY, {"month": month}).encode()
        + b") TO STDOUT (FORMAT csv, HEADER)"
    )
    with conn.cursor().copy(statement) as copy:
        for block in copy:
            file.write(block)
    return Exported(charges, cost, unknown)


def tell(conn: psycopg.Connection, month: date, exported: Exported) -> None:
    """Have the audit log know of the export."""
    details = {"month": f"{month:%Y-%m}", "charges": exported.charges}
    record(conn, "EXPORT_FOCUS", target_type="billable_daily", details=details)


def _as_parquet(path: Path) -> None:
    written = path.with_name(f"{path.name}.columns")
    types = dict.fromkeys(_COSTS, pl.Decimal(38, 12)) | {"x_MonthIsClosed": pl.String, "ChargeClass": pl.String}
    frame = pl.scan_csv(path, schema_overrides=types).with_columns(
        pl.col(_INSTANTS).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC"), pl.col("x_MonthIsClosed") == "t"
    )
    frame.sink_parquet(written)
    written.replace(path)
