"""Hold what a role can do with a relation to what the file says; every difference is a sentence."""

from collections.abc import Sequence

from cauce.database import Role
from tests.migrations.access.expected import COMMANDS, Verdict
from tests.migrations.access.probe import (
    MALFORMED,
    MALFORMED_SETTING,
    OWN,
    ROW_COMMANDS,
    Probe,
    Refused,
    Relation,
    Row,
)


def differences(probe: Probe, relation: Relation, role: Role, scenes: Sequence[str]) -> list[str]:
    """What the role can do and should not, and the other way round; empty when all is as declared."""
    return [*privilege_differences(probe, relation, role), *row_differences(probe, relation, role, scenes)]


def privilege_differences(
    probe: Probe, relation: Relation, role: Role, commands: Sequence[str] = COMMANDS
) -> list[str]:
    """The differences in commands and columns."""
    found = []
    for command in _possible(relation, commands):
        got = probe.privileges(role, relation, command)
        wanted = _columns(relation, command, relation.expected.verdict(role, command))
        for column in sorted(got ^ wanted):
            may = "may" if column in got else "may not"
            found.append(f"{role} {may} {command} {relation.name} {column}".rstrip())
    return found


def row_differences(
    probe: Probe, relation: Relation, role: Role, scenes: Sequence[str], commands: Sequence[str] = ROW_COMMANDS
) -> list[str]:
    """The differences in the rows that commands reach, once the role has the privilege."""
    if relation.is_view and relation.expected.verdict(role, "select") is None:
        return []  # who is given a view by mistake has the rights of its tables: `sees_through` tries that
    found = []
    commands = _possible(relation, commands)
    with probe.privileged(role, relation):
        for scene in scenes:
            probe.set_scene(role, scene)
            for command in commands:
                found += _rows(probe, relation, role, command, scene)
        if relation.expected.person and "update" in commands and OWN in scenes:
            probe.set_scene(role, OWN)
            verdict = relation.expected.verdict(role, "update")
            if verdict and probe.can_give_away(role, relation) != ("all" in verdict.rows):
                found.append(f"{role} can{'not' if 'all' in verdict.rows else ''} give a row of {relation.name} away")
    return found


def _possible(relation: Relation, commands: Sequence[str]) -> list[str]:
    return [command for command in commands if command == "select" or not relation.is_view]


def _columns(relation: Relation, command: str, verdict: Verdict | None) -> frozenset[str]:
    if verdict is None:
        return frozenset()
    if command in ("delete", "truncate"):
        return frozenset({""})
    if verdict.columns is not None:
        return verdict.columns
    return frozenset(column.name for column in relation.columns if command == "select" or not column.made)


def _rows(probe: Probe, relation: Relation, role: Role, command: str, scene: str) -> list[str]:
    verdict = relation.expected.verdict(role, command)
    rows = relation.samples if command == "insert" else relation.rows
    wanted = {row.place for row in rows if verdict and _reaches(probe, verdict, row, role, scene)}
    got = probe.reached(role, relation, command)
    if got == MALFORMED and role == Role.INGEST and scene == MALFORMED_SETTING:
        return []  # no identifier at all: the statement fails, and reaches nothing
    if isinstance(got, Refused):
        return [f"{role} ({scene}) fails to {command} {relation.name}: {got}"]
    return [
        f"{role} ({scene}) {'reaches' if row.place in got else 'misses'} with {command} {relation.name}: {sorted(row.words)}"
        for row in rows
        if (row.place in got) != (row.place in wanted)
    ]


def _reaches(probe: Probe, verdict: Verdict, row: Row, role: Role, scene: str) -> bool:
    words = set(verdict.rows)
    asks = "tenant" if role == Role.INGEST else "own"
    if scene == OWN and asks in words:
        words.add(str(probe.world.ana))
    return "all" in words or bool(words & row.words)
