"""The declared verdicts, as `expected.toml` has them."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cauce.database import Role

COMMANDS = ("select", "insert", "update", "delete", "truncate")
EVERY_ROW = frozenset({"all"})
_FILE = tomllib.loads((Path(__file__).parent / "expected.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which rows a command reaches, and which columns; no columns are named where it is all of them."""

    rows: frozenset[str]
    columns: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """One relation. `person` is the column that says whose a row is, `words` the SQL for what else is said of it."""

    schema: str
    name: str
    owner: Role
    person: str | None
    words: str
    verdicts: Mapping[tuple[Role, str], Verdict] = field(default_factory=dict)

    @property
    def relation(self) -> str:
        return f'{self.schema}."{self.name}"'

    def verdict(self, role: Role, command: str) -> Verdict | None:
        """None is a refusal. The owner may do everything unless the file narrows it."""
        if role == self.owner and not any(owner == role for owner, _ in self.verdicts):
            return Verdict(EVERY_ROW)
        return self.verdicts.get((role, command))


def _role(name: str) -> Role:
    return Role(f"cauce_{name}")


def _verdict(said: str) -> Verdict:
    rows, _, columns = said.partition(":")
    return Verdict(frozenset(rows.replace("+", " ").split()), frozenset(columns.split()) or None)


def _relation(schema: str, name: str, entry: Mapping[str, Any]) -> Expected:
    verdicts = {
        (_role(role), command): _verdict(said)
        for role, commands in entry.items()
        if isinstance(commands, dict)
        for command, said in commands.items()
    }
    unknown = {command for _, command in verdicts} - set(COMMANDS)
    assert not unknown, f"{schema}.{name}: {unknown} is no command"
    person = entry.get("person", "user_id")
    words = entry.get("words", f"{person}::text" if person else "''")
    return Expected(schema, name, OWNERS[schema], person or None, words, verdicts)


def _relations() -> Iterator[Expected]:
    for schema in SCHEMAS:
        for name, entry in _FILE.get(schema, {}).items():
            yield _relation(schema, name, entry)


SCHEMAS: dict[str, dict[str, str]] = _FILE["schemas"]
OWNERS = {schema: _role(entry["owner"]) for schema, entry in SCHEMAS.items()}
RELATIONS: dict[str, Expected] = {f"{each.schema}.{each.name}": each for each in _relations()}
FUNCTIONS: dict[str, frozenset[Role]] = {
    signature: frozenset(map(_role, roles.split())) for signature, roles in _FILE["functions"].items()
}
SEQUENCES: dict[str, dict[Role, frozenset[str]]] = {
    name: {_role(role): frozenset(said.split()) for role, said in roles.items()}
    for name, roles in _FILE["sequences"].items()
}
USAGE = {schema: frozenset(map(_role, entry["usage"].split())) for schema, entry in SCHEMAS.items()}
CREATE = {schema: frozenset(map(_role, entry["create"].split())) for schema, entry in SCHEMAS.items()}
