"""Each policy and each grant weakened (or taken away) in turn, and the part of the matrix that must notice."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import psycopg

from cauce.database import Role
from tests.migrations.access.expected import COMMANDS, FUNCTIONS, SEQUENCES
from tests.migrations.access.matrix import privilege_differences, row_differences
from tests.migrations.access.probe import EMPTY, OWN, ROW_COMMANDS, Probe, Relation

POLICIES = """
SELECT polname, CASE polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE '' END,
  polroles[1]::regrole::text, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
FROM pg_policy WHERE polrelid = %s::regclass ORDER BY polname
"""
OUTSIDERS = (Role.ADMIN, Role.ANALYST, Role.SIGN_IN, Role.INGEST, Role.USER)
"""In whose name something is tried that only others may; first those who may call what policies call."""

Notice = Callable[[Probe], object]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of the schema, as a statement; after it `noticed` gives what differs from the file, if anything."""

    statement: str
    noticed: Notice


def survivors(probe: Probe, mutants: list[Mutant]) -> list[str]:
    """The changes nobody noticed; each is undone before the next."""
    found = []
    for mutant in mutants:
        with probe.undone():
            probe.conn.execute(mutant.statement.encode())
            if not mutant.noticed(probe):
                found.append(mutant.statement)
    return found


def of_relation(conn: psycopg.Connection, relation: Relation) -> list[Mutant]:
    """All mutants of a relation."""
    if relation.is_view:
        return [
            Mutant(f"ALTER VIEW {relation.name} SET (security_invoker = false)", lambda p: p.sees_through(relation)),
            *_grants(relation),
        ]
    return [*_row_security(relation), *_policies(conn, relation), *_more_policies(relation), *_grants(relation)]


def of_function(signature: str) -> Iterator[Mutant]:
    """A function that somebody else may call, or no more those who should."""
    called = FUNCTIONS[signature]
    strangers = [role for role in Role if role != Role.OWNER and role not in called]
    for role in sorted(called):
        yield Mutant(f"REVOKE EXECUTE ON ROUTINE {signature} FROM {role}", _may_not_call(role, signature))
    for role in strangers:
        yield Mutant(f"GRANT EXECUTE ON ROUTINE {signature} TO {role}", _may_call(role, signature))
    yield Mutant(f"GRANT EXECUTE ON ROUTINE {signature} TO PUBLIC", _may_call(strangers[0], signature))


def of_sequence(name: str) -> Iterator[Mutant]:
    """A sequence that somebody else may read, advance or set."""
    for role in Role:
        if role != Role.OWNER and role not in SEQUENCES[name]:
            for privilege in ("SELECT", "USAGE", "UPDATE"):
                yield Mutant(f"GRANT {privilege} ON SEQUENCE {name} TO {role}", _may_use(role, name))


def _row_security(relation: Relation) -> Iterator[Mutant]:
    table = f"ALTER TABLE {relation.name}"
    yield Mutant(f"{table} DISABLE ROW LEVEL SECURITY", _reaches_others(relation, Role.SIGN_IN, ["select"], [OWN]))
    yield Mutant(f"{table} NO FORCE ROW LEVEL SECURITY", lambda probe: probe.owner_without_policy(relation))


def _policies(conn: psycopg.Connection, relation: Relation) -> Iterator[Mutant]:
    """Policies that are gone, or let through every row, or everybody."""
    for name, command, role, using, check in conn.execute(POLICIES.encode(), (relation.name,)).fetchall():
        commands = [command] if command else list(ROW_COMMANDS)
        noticed = _reaches_others(relation, Role(role), commands, [OWN, EMPTY])
        policy = f"POLICY {name} ON {relation.name}"
        yield Mutant(f"DROP {policy}", noticed)
        if using not in (None, "true"):
            yield Mutant(f"ALTER {policy} USING (true)", noticed)
        if command in ("", "insert", "update") and (check or using) != "true":
            yield Mutant(f"ALTER {policy} WITH CHECK (true)", noticed)
        if "current_tenant_id" not in f"{using}{check}":  # which nobody else may call
            other = next(each for each in OUTSIDERS if not any(relation.expected.verdict(each, c) for c in commands))
            yield Mutant(f"ALTER {policy} TO PUBLIC", _reaches_others(relation, other, commands, [OWN]))


def _more_policies(relation: Relation) -> Iterator[Mutant]:
    """A policy more, for whoever does not reach every row already."""
    clauses = {"insert": "WITH CHECK (true)", "update": "USING (true) WITH CHECK (true)"}
    for role in Role:
        for command in ROW_COMMANDS:
            verdict = relation.expected.verdict(role, command)
            if verdict is None or "all" not in verdict.rows:
                clause = clauses.get(command, "USING (true)")
                yield Mutant(
                    f"CREATE POLICY more ON {relation.name} FOR {command} TO {role} {clause}",
                    _reaches_others(relation, role, [command], [EMPTY]),
                )


def _grants(relation: Relation) -> Iterator[Mutant]:
    """Privileges that are given to others, to everybody, on further columns; and those that are taken away."""
    for command in COMMANDS[:1] if relation.is_view else COMMANDS:
        for role in Role:
            noticed = _may_others(relation, role, command)
            verdict = relation.expected.verdict(role, command)
            if verdict is None:
                yield Mutant(f"GRANT {command} ON {relation.name} TO {role}", noticed)
                continue
            yield Mutant(f"REVOKE {command} ON {relation.name} FROM {role}", noticed)
            if verdict.columns is not None:
                for column in relation.columns:
                    if column.name not in verdict.columns and not (column.made and command != "select"):
                        yield Mutant(f"GRANT {command} ({column.quoted}) ON {relation.name} TO {role}", noticed)
        yield Mutant(f"GRANT {command} ON {relation.name} TO PUBLIC", _may_others(relation, Role.SIGN_IN, command))


def _reaches_others(relation: Relation, role: Role, commands: Sequence[str], scenes: Sequence[str]) -> Notice:
    return lambda probe: row_differences(probe, relation, role, scenes, commands)


def _may_others(relation: Relation, role: Role, command: str) -> Notice:
    return lambda probe: privilege_differences(probe, relation, role, [command])


def _may_call(role: Role, signature: str) -> Notice:
    return lambda probe: probe.may_call(role, signature)


def _may_not_call(role: Role, signature: str) -> Notice:
    return lambda probe: not probe.may_call(role, signature)


def _may_use(role: Role, sequence: str) -> Notice:
    return lambda probe: probe.sequence(role, sequence)
