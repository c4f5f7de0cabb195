"""The diagrams in `docs/schema`, one per domain, made from the models by `make diagrams`."""

import inspect
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Column, ForeignKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql

from cauce import models
from cauce.models import Base
from cauce.settings import PROJECT

FOLDER = PROJECT / "docs" / "schema"
TYPES = {"TIMESTAMP WITH TIME ZONE": "timestamptz", "VARCHAR": "text"}

PAGE = """# {domain}

{title}

Made from `cauce/models/{domain}.py` by `make diagrams`. Columns that may be NULL say so.
{people}
| table | holds |
|---|---|
{tables}

```mermaid
erDiagram
{diagram}
```
"""
PEOPLE = """
`user_id` is the person whose row it is, and refers to `users`; those lines are not drawn. References between tables of
people go along `user_id`, so that no row points at another person's.
"""
INDEX = """# The operational schema

A diagram per domain, made from the models by `make diagrams`. How it departs from the specification, and why, is in
[schema-changes.md](../schema-changes.md).

| domain | tables |
|---|---|
{rows}
"""


def pages() -> dict[Path, str]:
    """Every page of `docs/schema`, by its path."""
    domains = {domain: tables for domain in models.__all__ if (tables := _tables(domain))}
    rows = [f"| [{domain}]({domain}.md) | {_listed(tables)} |" for domain, tables in domains.items()]
    return {FOLDER / f"{domain}.md": _page(domain, tables) for domain, tables in domains.items()} | {
        FOLDER / "README.md": INDEX.format(rows="\n".join(rows))
    }


def _tables(domain: str) -> dict[str, str]:
    """The domain's tables, each with what its model says of it, in the order of the module."""
    classes = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
    return {
        name: _first(classes[name].__doc__ or "")
        for name in Base.metadata.tables
        if classes[name].__module__ == f"cauce.models.{domain}"
    }


def _first(docstring: str) -> str:
    """The first paragraph, in one line."""
    return " ".join(inspect.cleandoc(docstring).split("\n\n")[0].split())


def _listed(tables: dict[str, str]) -> str:
    return ", ".join(f"`{table}`" for table in tables)


def _page(domain: str, tables: dict[str, str]) -> str:
    described = [Base.metadata.tables[name] for name in tables]
    lines = [line for draw in (_entity, _relations) for table in described for line in draw(table)]
    return PAGE.format(
        domain=domain,
        title=_first(getattr(models, domain).__doc__),
        people=PEOPLE if any("user_id" in table.columns for table in described) else "",
        tables="\n".join(f"| `{name}` | {about.replace('|', '/')} |" for name, about in tables.items()),
        diagram="\n".join(f"  {line}" for line in lines),
    )


def _entity(table: Table) -> Iterator[str]:
    yield f"{table.name} {{"
    for column in table.columns:
        keys = ", ".join(_keys(column))
        remarks = ["sealed"] * bool(column.info.get("sealed")) + ["null"] * bool(column.nullable)
        remark = f'"{", ".join(remarks)}"' if remarks else ""
        yield "  " + " ".join(part for part in (_type(column), column.name, keys, remark) if part)
    yield "}"


def _type(column: "Column[object]") -> str:
    """The type as one word, which is what the diagram's language takes: `numeric(19,4)` is `numeric_19_4`."""
    name = column.type.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]
    name = TYPES.get(name, name).lower()
    return name.replace(", ", "_").replace("(", "_").replace(")", "").replace(" ", "_")


def _keys(column: "Column[object]") -> Iterator[str]:
    if column.primary_key:
        yield "PK"
    if any(column.name == _pointer(reference) for reference in column.table.foreign_key_constraints):
        yield "FK"
    if any(unique - {"user_id"} == {column.name} or unique == {column.name} for unique in _uniques(column.table)):
        yield "UK"


def _relations(table: Table) -> Iterator[str]:
    for reference in sorted(table.foreign_key_constraints, key=lambda reference: list(reference.column_keys)):
        target, pointer = reference.referred_table.name, _pointer(reference)
        if (target, pointer) == ("users", "user_id"):
            continue
        one = "|o" if any(table.columns[name].nullable for name in reference.column_keys) else "||"
        alone = any(unique <= set(reference.column_keys) for unique in _uniques(table))
        yield f"{target} {one}--{'o|' if alone else 'o{'} {table.name} : {pointer}"


def _pointer(reference: ForeignKeyConstraint) -> str:
    """The column by which it points; the tenant key before it says only whose it is."""
    return list(reference.column_keys)[-1]


def _uniques(table: Table) -> list[set[str]]:
    """The names of the columns that are unique together, each time."""
    return [{*unique.columns.keys()} for unique in table.constraints if isinstance(unique, UniqueConstraint)]


def main() -> None:
    """Write the pages, and remove those of domains that are no more."""
    made = pages()
    FOLDER.mkdir(exist_ok=True)
    for path in set(FOLDER.iterdir()) - made.keys():
        path.unlink()
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
