"""What `docs/schema-changes.md` says: the rules under "Everywhere", and a row for each other departure.

A row names tables and columns in backticks: `table`, `table.column`, or `column` of the table named last. Its words say of
which kind the departure is (`WORDS`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cauce.models import Base
from tests.migrations.specification import NO_CHECK, Departure, Table

LIST = Path(__file__).parents[2] / "docs" / "schema-changes.md"

WORDS = {
    "new": r"\bnew\b",
    "missing": r"not there|left out|is called",
    "type": r"bytea|bigint|smallint|integer|numeric|characters|a date\b|text|jsonb|\bsealed\b",
    "default": r"\bdefault",
    "optional": r"may be NULL",
    "required": r"NOT NULL|required",
    "key": r"\bkeys?\b",
    "unique": r"\bunique\b|\bone\b",
    "check": r"\bcheck|\blies?\b|\biff\b|negative|positive|capitals|also take|agree|enumeration|\bafter\b|at most|\bhas no\b",
    "reference": r"foreign key|set NULL|set so|restrict|cascad|goes|refers",
    "index": r"\b[Ii]ndex",
}
"""The words by which a row says what kind of departure it lists."""

Schema = Mapping[str, Table]


def _enumerated(table: Table) -> set[str]:
    return {columns[0] for columns, checks in table.checks.items() if any(f"{columns[0]} in " in c for c in checks)}


def _unselective(departure: Departure, spec: Schema) -> bool:
    table = spec[departure.table]
    return all(
        column in _enumerated(table) or table.columns[column].type.startswith(("boolean", "timestamp"))
        for column in departure.columns
        if column in table.columns
    ) and set(departure.columns) <= set(table.columns)


def _sealed(departure: Departure) -> bool:
    column = Base.metadata.tables[departure.table].columns[departure.columns[0]]
    return bool(column.info.get("sealed"))


RULES: dict[str, Callable[[Departure, Schema], bool]] = {
    "Tables of a person's data have the primary key `(user_id, id)`": lambda d, _: (
        d.kind == "key" and d.detail == "user_id, id"
    ),
    "Such tables carry `user_id`": lambda d, _: (
        d.columns == ("user_id",)
        and (d.kind in ("new", "required") or (d.kind == "reference" and d.detail == "none is users, cascade"))
    ),
    "`timestamptz` instead of `timestamp`": lambda d, _: (
        d.kind == "type" and d.detail == "timestamp without time zone is timestamp with time zone"
    ),
    "Identifiers default to `uuidv7()`": lambda d, _: d.detail == "gen_random_uuid() is uuidv7()",
    "Columns with a default are NOT NULL": lambda d, _: d.kind == "required" and d.detail == "with a default",
    "Whole numbers that count are bigint": lambda d, _: (
        d.kind == "type" and d.detail in ("integer is bigint", "integer is smallint")
    ),
    "Money is `numeric(19,4)`": lambda d, _: (
        d.kind == "type" and re.fullmatch(r"numeric\(.*\) is numeric\((19,4|24,12)\)", d.detail) is not None
    ),
    "Currencies are codes of ISO 4217": lambda d, _: (
        d.columns == ("currency",) and d.kind in ("type", "check", "reference")
    ),
    "What is sealed is bytea": lambda d, _: d.kind == "type" and d.detail.endswith(" is bytea") and _sealed(d),
    "Checks are added": lambda d, _: d.kind == "check" and d.detail.startswith(NO_CHECK),
    "Indexes on nothing but a flag, an enumeration or a moment are left out": lambda d, spec: (
        d.kind == "index" and _unselective(d, spec)
    ),
    "`batch_id` on every table that files are loaded into": lambda d, _: d.columns == ("batch_id",) and d.kind == "new",
    "`deleted_at` on what a person can delete": lambda d, _: d.columns == ("deleted_at",) and d.kind == "new",
    "`created_at` and `updated_at`": lambda d, _: d.columns in (("created_at",), ("updated_at",)) and d.kind == "new",
}
"""What is departed from everywhere, by the words with which the row of the document begins."""


@dataclass(frozen=True, slots=True)
class Row:
    """One departure of the document; `names` are the tables (column None) and columns it speaks of."""

    section: str
    text: str
    names: frozenset[tuple[str, str | None]]

    def covers(self, departure: Departure) -> bool:
        """Whether it lists the departure."""
        return not self.names.isdisjoint(departure.names) and re.search(WORDS[departure.kind], self.text) is not None


def rows(spec: Schema, ours: Schema) -> list[Row]:
    """The rows of the document, in its order."""
    found, section = [], ""
    columns = {name: {*(spec[name].columns if name in spec else ())} for name in {*spec, *ours}}
    for name, table in ours.items():
        columns[name] |= table.columns.keys()
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif line.startswith("|") and not line.startswith(("| departure", "|---")):
            text = line.split("|")[1].strip()
            found.append(Row(section, text, frozenset(_names(text, columns))))
    return found


def _names(text: str, columns: dict[str, set[str]]) -> set[tuple[str, str | None]]:
    names: set[tuple[str, str | None]] = set()
    table = None
    for name in re.findall(r"`([^`]+)`", text):
        first, _, second = name.partition(".")
        if first in columns:
            table = first
            names.add((table, second or None))
        elif table:
            names |= {(table, word) for word in re.findall(r"\w+", name) if word in columns[table]}
    return names
