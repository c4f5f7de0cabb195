"""The specification as a database that was made from it, and how ours departs from it.

The CREATE statements of the specification's text are run as they stand, so that both sides are told in the server's words.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg

Columns = tuple[str, ...]

COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname <> 'alembic_version'
"""
CONSTRAINTS = """
SELECT c.relname, k.contype, f.relname, k.confdeltype, pg_get_constraintdef(k.oid),
  ARRAY(SELECT a.attname FROM unnest(k.conkey) WITH ORDINALITY AS n (attnum, i)
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.attnum ORDER BY n.i)::text[]
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
LEFT JOIN pg_class f ON f.oid = k.confrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND k.contype IN ('c', 'f', 'p', 'u')
  AND c.relname <> 'alembic_version'
"""
INDEXES = """
SELECT c.relname, x.indisunique, pg_get_expr(x.indpred, x.indrelid),
  ARRAY(SELECT pg_get_indexdef(x.indexrelid, i, true) FROM generate_series(1, x.indnkeyatts) AS i)::text[]
FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND c.relname <> 'alembic_version'
"""
NO_CHECK = "none in the specification"
ON_DELETE = {"a": "refuse", "r": "refuse", "c": "cascade", "n": "set NULL", "d": "set default"}


@dataclass(frozen=True, slots=True)
class Column:
    """`type` and `default` in the server's words."""

    type: str
    required: bool
    default: str | None


@dataclass(slots=True)
class Table:
    """What the catalogue says of one table."""

    columns: dict[str, Column] = field(default_factory=dict)
    key: Columns = ()
    unique: set[Columns] = field(default_factory=set)
    checks: dict[Columns, set[str]] = field(default_factory=lambda: defaultdict(set))
    references: dict[Columns, tuple[str, str]] = field(default_factory=dict)
    indexes: set[tuple[Columns, str | None]] = field(default_factory=set)


@dataclass(frozen=True, order=True, slots=True)
class Departure:
    """One difference; `kind` is a key of `tests.migrations.departures.WORDS`."""

    table: str
    columns: Columns
    kind: str
    detail: str = field(default="", compare=False)

    @property
    def names(self) -> set[tuple[str, str | None]]:
        """The table and column names it is about, also those within an expression."""
        words = {word for column in self.columns for word in re.findall(r"\w+", column)}
        return {(self.table, word) for word in words} or {(self.table, None)}

    def __str__(self) -> str:
        name = ".".join([self.table, "+".join(self.columns)]) if self.columns else self.table
        return f"{name}: {self.kind}" + (f" ({self.detail})" if self.detail else "")


def build(conn: psycopg.Connection, text: str) -> list[Departure]:
    """Make the specification's tables and indexes; gives the indexes that no server can make."""
    code = re.sub(r"--[^\n]*", "", "\n".join(re.findall(r"```sql\n(.*?)```", text, re.DOTALL)))
    statements = [statement.strip() for statement in code.split(";")]
    tables = [statement for statement in statements if statement.startswith("CREATE TABLE")]
    while tables:  # in the order in which they can be made
        waiting = [statement for statement in tables if not _run(conn, statement, psycopg.errors.UndefinedTable)]
        assert len(waiting) < len(tables), waiting
        tables = waiting
    impossible = []
    for statement in statements:
        index = re.match(r"CREATE INDEX \w+ ON (\w+)\s*(?:USING \w+ )?\((\w+)", statement)
        if index and not _run(conn, statement, psycopg.errors.InvalidObjectDefinition, psycopg.errors.DuplicateTable):
            impossible.append(Departure(index[1], (index[2],), "index", "as written none can be made"))
    return [departure for departure in impossible if departure.table != "artifacts"]


def _run(conn: psycopg.Connection, statement: str, *forgiven: type[psycopg.Error]) -> bool:
    try:
        with conn.transaction():
            conn.execute(statement.encode())
    except forgiven:
        return False
    return True


def read(conn: psycopg.Connection) -> dict[str, Table]:
    """The tables of a database, without partitions."""
    tables: dict[str, Table] = defaultdict(Table)
    for table, name, type_, required, default in conn.execute(COLUMNS).fetchall():
        tables[table].columns[name] = Column(_type(type_), required, _plain(default))
    for table, kind, target, on_delete, definition, names in conn.execute(CONSTRAINTS).fetchall():
        columns = tuple(names)
        if kind == "p":
            tables[table].key = columns
        elif kind == "f":
            tables[table].references[columns] = (target, ON_DELETE[on_delete])
        elif kind == "c":
            tables[table].checks[tuple(sorted(columns))].add(_check(definition))
    for table, unique, predicate, names in conn.execute(INDEXES).fetchall():
        columns = tuple(name.removesuffix(" DESC").strip('"') for name in names)
        tables[table].indexes.add((columns, predicate))
        if unique and columns != tables[table].key:
            tables[table].unique.add(columns)
    return tables


def _type(words: str) -> str:
    return "text" if words == "character varying" else words


def _plain(default: str | None) -> str | None:
    """Without casts; the two names of now are one."""
    return (
        None if default is None else re.sub(r"::[a-z ]+(\(\d+\))?", "", default).replace("CURRENT_TIMESTAMP", "now()")
    )


def _check(definition: str) -> str:
    """Without casts and parentheses; an enumeration as its values in order."""
    plain = re.sub(r"::[a-z ]+(\(\d+\))?(\[\])?|[()\s]|NOT VALID", "", definition)
    values = re.fullmatch(r"CHECK(\w+)=ANYARRAY\[(.*)\]", plain)
    return f"{values[1]} in {sorted(values[2].split(','))}" if values else plain


def departures(spec: dict[str, Table], ours: dict[str, Table]) -> Iterator[Departure]:
    """Every difference of our tables from those of the specification."""
    for name in sorted(ours.keys() - spec.keys()):
        yield Departure(name, (), "new")
    for name, table in sorted(spec.items()):
        if name not in ours:
            yield Departure(name, (), "missing")
            continue
        yield from _columns(name, table, ours[name])
        yield from _keys(name, table, ours[name])
        yield from _references(name, table, ours[name])
        for columns, predicate in sorted(table.indexes, key=str):
            made = columns == table.key or _indexed(columns, predicate, ours[name])
            if not made and _there(columns, ours[name]):
                detail = "; ".join([f"none on {', '.join(columns)}", *_like(columns, ours[name])])
                yield Departure(name, columns, "index", detail)


def _columns(name: str, spec: Table, ours: Table) -> Iterator[Departure]:
    for column in ours.columns.keys() - spec.columns.keys():
        made = ours.columns[column]
        told = [made.type, *["NOT NULL"] * made.required, *[f"default {made.default}"] * (made.default is not None)]
        yield Departure(name, (column,), "new", ", ".join(told))
    for column, wanted in spec.columns.items():
        if (is_ := ours.columns.get(column)) is None:
            yield Departure(name, (column,), "missing")
            continue
        if is_.type != wanted.type:
            yield Departure(name, (column,), "type", f"{wanted.type} is {is_.type}")
        if is_.default != wanted.default:
            yield Departure(name, (column,), "default", f"{wanted.default} is {is_.default}")
        if is_.required != wanted.required:
            detail = "with a default" if wanted.default else ""
            yield Departure(name, (column,), "required" if is_.required else "optional", detail)


def _keys(name: str, spec: Table, ours: Table) -> Iterator[Departure]:
    if spec.key != ours.key:
        yield Departure(name, ours.key, "key", ", ".join(ours.key))
    for columns in spec.unique - ours.unique:
        if columns != ours.key and _there(columns, ours):
            yield Departure(name, columns, "unique", "not unique")
    for columns in ours.unique - spec.unique:
        yield Departure(name, columns, "unique")
    for columns in {**spec.checks, **ours.checks}:
        if spec.checks.get(columns, set()) != ours.checks.get(columns, set()) and _there(columns, ours):
            detail = "; ".join(sorted(ours.checks.get(columns, {"none"})))
            yield Departure(name, columns, "check", detail if columns in spec.checks else f"{NO_CHECK}: {detail}")


def _references(name: str, spec: Table, ours: Table) -> Iterator[Departure]:
    wanted, found = _without_tenant(spec.references), _without_tenant(ours.references)
    for columns in {**wanted, **found}:
        was, is_ = (", ".join(side.get(columns, ("none",))) for side in (wanted, found))
        if was != is_ and _there(columns, ours):
            yield Departure(name, columns, "reference", f"{was} is {is_}")


def _without_tenant(references: dict[Columns, tuple[str, str]]) -> dict[Columns, tuple[str, str]]:
    """By the columns that say which row; the person's before them says only whose it is."""
    return {tuple(c for c in columns if c != "user_id") or columns: target for columns, target in references.items()}


def _indexed(columns: Columns, predicate: str | None, ours: Table) -> bool:
    """Whether one of our indexes begins with the columns, with or without the tenant key before them."""
    return any(
        given[: len(wanted)] == wanted and partial in (None, predicate)
        for given, partial in ours.indexes
        for wanted in (columns, ("user_id", *columns))
    )


def _like(columns: Columns, ours: Table) -> list[str]:
    """Our indexes on all of the columns that are not what was asked for."""
    return sorted(
        f"one on {', '.join(given)}" + (f" where {partial}" if partial else "")
        for given, partial in ours.indexes
        if set(columns) <= set(given)
    )


def _there(columns: Columns, ours: Table) -> bool:
    """Whether the columns are ours at all: what is said of a missing column is said once."""
    return all(column in ours.columns or not column.isidentifier() for column in columns)
