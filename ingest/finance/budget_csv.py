"""Budgets as a table: one row per category and period.

name (nombre), category (categoria), amount (monto), currency (moneda), period (periodo), start_date (inicio),
end_date (fin), alert_threshold (alerta, percent) → frame "budget" → budgets.
"""

from collections.abc import Iterator

import polars as pl

from cauce.models.finance import BudgetPeriod
from ingest.delimited import Check, checked, chunk, header_columns, plain, read_rows
from ingest.finance.amounts import sheet_amount
from ingest.finance.categories import category_slug
from ingest.finance.currencies import MINOR_UNITS
from ingest.finance.records import BUDGET, MONEY
from ingest.formats import Chunk, Source

_ALIASES = {
    "name": ("nombre", "budget", "presupuesto"),
    "category": ("categoria",),
    "amount": ("monto", "importe", "cantidad", "limit", "limite"),
    "currency": ("moneda", "divisa"),
    "period": ("periodo", "frecuencia", "frequency"),
    "start_date": ("inicio", "fecha_inicio", "fecha_de_inicio", "start"),
    "end_date": ("fin", "fecha_fin", "fecha_de_fin", "end"),
    "alert_threshold": ("alerta", "umbral", "umbral_de_alerta", "alert"),
}
_REQUIRED = ("category", "amount", "currency", "period", "start_date")
_PERIODS = {
    BudgetPeriod.WEEKLY: ("weekly", "semanal", "semana", "week"),
    BudgetPeriod.QUINCENA: ("quincena", "quincenal", "semimonthly", "semi_monthly"),
    BudgetPeriod.MONTHLY: ("monthly", "mensual", "mes", "month"),
    BudgetPeriod.QUARTERLY: ("quarterly", "trimestral", "trimestre", "quarter"),
    BudgetPeriod.YEARLY: ("yearly", "anual", "annual", "ano", "year"),
}
_PERIOD_OF = {word: period.value for period, words in _PERIODS.items() for word in words}
_ISO = r"\d{4}-\d{2}-\d{2}"


def _check(rule: str, column: str, reason: str, fails: pl.Expr) -> Check:
    return Check(rule, column, reason, fails)


def _unread(column: str) -> pl.Expr:
    return pl.col(f"{column}_text").is_not_null() & pl.col(column).is_null()


_CHECKS = (
    _check(
        "missing_category",
        "category",
        "the category is empty: write what the budget is for",
        pl.col("category").is_null(),
    ),
    _check(
        "too_long", "name", "the name has more than 255 characters: shorten it", pl.col("name").str.len_chars() > 255
    ),
    _check(
        "missing_amount", "amount", "the amount is empty: write how much may be spent", pl.col("amount_text").is_null()
    ),
    _check("invalid_amount", "amount", "the amount is not a number such as 1,500.00", pl.col("amount").is_null()),
    _check("negative_amount", "amount", "the amount is negative: write how much may be spent", pl.col("amount") < 0),
    _check(
        "unknown_currency",
        "currency",
        "the currency is not a code of ISO 4217 such as MXN",
        ~pl.col("currency").is_in(list(MINOR_UNITS)).fill_null(value=False),
    ),
    _check(
        "unknown_period",
        "period",
        "the period is not one of semanal, quincena, mensual, trimestral, anual",
        pl.col("period").is_null(),
    ),
    _check("invalid_date", "start_date", "the start is not a date such as 2026-01-31", pl.col("start_date").is_null()),
    _check("invalid_date", "end_date", "the end is not a date such as 2026-01-31", _unread("end_date")),
    _check("invalid_period", "end_date", "the end is before the start", pl.col("end_date") < pl.col("start_date")),
    _check(
        "invalid_threshold",
        "alert_threshold",
        "the alert threshold is not a whole percentage from 1 to 100",
        _unread("alert_threshold") | ~pl.col("alert_threshold").is_between(1, 100),
    ),
)


class BudgetCsv:
    """Format `budget-csv`."""

    name = "budget-csv"
    domain = "finance"
    version = 1

    def sniff(self, head: bytes) -> bool:
        """Tell by the header: two of category, amount and period, and something only a budget has."""
        columns = header_columns(head, _ALIASES)
        return len(columns & {"category", "amount", "period"}) >= 2 and bool(
            columns & {"period", "alert_threshold", "start_date"}
        )

    def read(self, source: Source) -> Iterator[Chunk]:
        """Read the rows. Raises `SkippableError` when a required column is missing."""
        for rows in read_rows(source, _ALIASES, _REQUIRED):
            good, rejections = checked(rows, _typed(rows.frame), _CHECKS)
            yield chunk(
                rows, "budget", good.select(pl.col(name).cast(kind) for name, kind in BUDGET.items()), rejections
            )


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    def date(column: str) -> pl.Expr:
        iso = pl.when(pl.col(column).str.contains(f"^{_ISO}$")).then(column)
        return iso.str.to_date("%Y-%m-%d", strict=False)

    slug = pl.col("category").map_elements(category_slug, pl.String)
    return frame.with_columns(
        pl.when(slug != "").then(slug).alias("category"),
        pl.coalesce("name", "category").alias("name"),
        pl.col("amount").alias("amount_text"),
        pl.col("amount").map_elements(sheet_amount, MONEY),
        pl.col("currency").str.to_uppercase(),
        pl.col("period")
        .map_elements(plain, pl.String)
        .replace_strict(_PERIOD_OF, default=None, return_dtype=pl.String),
        date("start_date"),
        date("end_date"),
        pl.col("end_date").alias("end_date_text"),
        pl.col("alert_threshold").alias("alert_threshold_text"),
        pl.col("alert_threshold")
        .str.strip_suffix("%")
        .str.strip_chars()
        .cast(pl.Int16, strict=False)
        .fill_null(pl.when(pl.col("alert_threshold").is_null()).then(pl.lit(80, pl.Int16))),
    )
