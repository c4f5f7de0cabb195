"""The few shapes our expectations come in. Each carries a name in `meta`, under which a failure is reported."""

from collections.abc import Iterable, Sequence

from great_expectations.expectations.core.expect_column_values_to_be_in_set import ExpectColumnValuesToBeInSet
from great_expectations.expectations.core.expect_column_values_to_be_unique import ExpectColumnValuesToBeUnique
from great_expectations.expectations.core.expect_compound_columns_to_be_unique import ExpectCompoundColumnsToBeUnique
from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.metadata_types import FailureSeverity

Rules = list[Expectation]


def filled(*columns: str) -> Rules:
    """The columns have values in every row."""
    return always("filled", f"({', '.join(columns)}) IS NOT NULL", columns=columns)


def one_row_per(*columns: str) -> Rules:
    """The grain: no two rows agree in all of these columns, and none of them is empty."""
    meta = {"name": "one_row_per"}
    if len(columns) == 1:
        return [ExpectColumnValuesToBeUnique(column=columns[0], meta=meta), *filled(*columns)]
    return [ExpectCompoundColumnsToBeUnique(column_list=list(columns), meta=meta), *filled(*columns)]


def at_least(bound: int, *columns: str) -> Rules:
    """No value lies below the bound; empty ones are not values."""
    lowest = f"least({', '.join(columns)})"
    return always(f"at_least_{bound}", f"coalesce({lowest}, {bound}) >= {bound}", columns=columns)


def one_of(column: str, values: Iterable[str]) -> Rules:
    """The column holds nothing but these values."""
    return [ExpectColumnValuesToBeInSet(column=column, value_set=list(values), meta={"name": "one_of"})]


def no_rows(name: str, query: str, *, columns: Sequence[str] = (), warning: bool = False) -> Rules:
    """The query, in which `{batch}` is the mart, finds nothing. A warning is reported and does not stop publishing.

    In a query with a join `{batch}` needs an alias of its own: servers before PostgreSQL 16 ask for one.
    """
    severity = FailureSeverity.WARNING if warning else FailureSeverity.CRITICAL
    meta = {"name": name, "column": ", ".join(columns) or None}
    return [UnexpectedRowsExpectation(unexpected_rows_query=query, severity=severity, meta=meta)]


def always(name: str, condition: str, *, columns: Sequence[str] = (), warning: bool = False) -> Rules:
    """The condition is true of every row; a null result breaks it."""
    query = f"SELECT 1 FROM {{batch}} WHERE ({condition}) IS NOT TRUE"  # noqa: S608
    return no_rows(name, query, columns=columns, warning=warning)


def balances(name: str, control: str, keys: Sequence[str], totals: dict[str, str]) -> Rules:
    """Totals of the mart equal a plain count over the operational tables, for each person (and currency).

    `control` is the table of the build that holds the plain counts, taken at the snapshot the marts were built from;
    `totals` maps its columns to expressions over the mart.
    """
    by = ", ".join(keys)
    sums = ", ".join(f"coalesce({expression}, 0) AS {column}" for column, expression in totals.items())
    differ = " OR ".join(f"coalesce(mart.{column}, 0) <> coalesce(control.{column}, 0)" for column in totals)
    query = (
        f"WITH mart AS (SELECT {by}, {sums} FROM {{batch}} AS read GROUP BY {by})"  # noqa: S608
        f" SELECT 1 FROM mart FULL OUTER JOIN intermediate.{control} AS control USING ({by}) WHERE {differ}"
    )
    return no_rows(name, query)
