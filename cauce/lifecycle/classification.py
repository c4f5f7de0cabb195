"""What `personal_data.toml` says of each table: how its rows find their person, and what its columns hold."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("personal_data.toml")


class DataClass(StrEnum):
    """What a column holds, and so what export and erasure do with it; the file explains each."""

    KEY = "key"
    ACTOR = "actor"
    TRACE = "trace"
    PERSONAL = "personal"
    TEXT = "text"
    SEALED = "sealed"
    SECRET = "secret"  # noqa: S105 - a class of columns
    STORED = "stored"
    TECHNICAL = "technical"
    PSEUDONYM = "pseudonym"


@dataclass(frozen=True, slots=True)
class TableData:
    """A table or view: the column with its rows' person (`owner`) or their e-mail (`address`), and its columns."""

    schema: str
    name: str
    owner: str | None
    address: str | None
    columns: Mapping[str, DataClass]

    def of_class(self, wanted: DataClass) -> list[str]:
        """The columns of one class."""
        return [name for name, found in self.columns.items() if found is wanted]


@cache
def tables(schema: str) -> tuple[TableData, ...]:
    """What the file says of the tables and views of `public` or of `marts`, by name."""
    described = tomllib.loads(FILE.read_text())[schema]
    return tuple(_table(schema, name, described[name]) for name in sorted(described))


def _table(schema: str, name: str, found: Mapping[str, str | list[str]]) -> TableData:
    columns = {
        column: DataClass(kind) for kind, listed in found.items() if isinstance(listed, list) for column in listed
    }
    owner, address = (found.get(how) for how in ("owner", "address"))
    return TableData(schema, name, str(owner) if owner else None, str(address) if address else None, columns)
