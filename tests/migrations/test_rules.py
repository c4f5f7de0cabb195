"""Every rule of the schema lets a right row pass and refuses a wrong one, by each of its conditions."""

import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from uuid import UUID

import psycopg
import pytest
from pglast import parse_sql
from pglast.ast import BoolExpr, CaseExpr, CoalesceExpr, Node
from pglast.enums import BoolExprType
from pglast.stream import RawStream
from psycopg import sql

from cauce.database import Database, Role
from tests.conftest import make_person_in
from tests.migrations import rules
from tests.migrations.rows import fill
from tests.migrations.rules import Rule

RULES: dict[str, Rule] = {
    name: rule
    for module in sorted(found.name for found in iter_modules(rules.__path__))
    for name, rule in import_module(f"tests.migrations.rules.{module}").RULES.items()
}
NAMED = """
SELECT conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND contype IN ('c', 'u', 'x')
  -- What holds the primary key says nothing of its own: a foreign key refers to it.
  AND NOT EXISTS (SELECT 1 FROM pg_constraint p WHERE p.conrelid = k.conrelid AND p.contype = 'p' AND k.contype = 'u' AND p.conkey <@ k.conkey)
UNION ALL
SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
WHERE x.indisunique AND NOT x.indisprimary AND t.relnamespace = 'public'::regnamespace AND NOT t.relispartition
  AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.oid)
"""


@pytest.fixture(scope="module")
def two(shared_db: Database) -> tuple[Database, dict[str, UUID]]:
    ana, luis = (make_person_in(shared_db, f"{name}@example.com") for name in ("ana", "luis"))
    for person in (ana, luis):
        with shared_db.transaction(Role.OWNER) as conn:
            fill(conn, person)
    return shared_db, {"person": ana, "id": ana, "other": luis}


def run(conn: psycopg.Connection, statement: str, people: dict[str, UUID]) -> int:
    """Rows touched, once every deferred rule was asked, too."""
    touched = conn.execute(statement.encode(), people).rowcount
    conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return touched


def refuses(conn: psycopg.Connection, statement: str, people: dict[str, UUID]) -> str | None:
    """What refuses the statement, a partition's rule by the name of its table's; the statement leaves nothing."""
    try:
        with conn.transaction(force_rollback=True):
            run(conn, statement, people)
    except psycopg.Error as error:
        return re.sub(r"_y\d{4}m?_?\d{2}", "", error.diag.constraint_name or str(error))
    return None


@pytest.mark.parametrize("name", sorted(RULES))
def test_the_rule_refuses_what_is_wrong_and_only_that(two: tuple[Database, dict[str, UUID]], name: str) -> None:
    db, people = two
    with db.connect(Role.OWNER) as conn:
        assert run(conn, RULES[name].good, people) > 0, "the good statement touches nothing, and shows nothing"
        conn.rollback()
        assert {statement: refuses(conn, statement, people) for statement in RULES[name].bad} == dict.fromkeys(
            RULES[name].bad, name
        )


def test_no_rule_is_without_its_two_rows(db: Database) -> None:
    with db.transaction(Role.OWNER) as conn:
        there = {row[0] for row in conn.execute(NAMED).fetchall()}
    assert there - set(RULES) == set(), "constraints nobody tried"


CHECKS = """
SELECT conname, k.conrelid::regclass::text, pg_get_expr(conbin, conrelid)
FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
WHERE contype = 'c' AND c.relnamespace = 'public'::regnamespace AND NOT relispartition
"""
WITHIN = "what was in a cache is not negative, and a part of it"
IMPLIED: dict[tuple[str, str], str] = {
    ("ck_usage_logs_tokens", "tokens_input >= 0"): WITHIN,
    ("ck_usage_logs_tokens", "tokens_output >= 0"): "what was reasoned is not negative, and a part of it",
    ("ck_provider_reports_tokens", "tokens_input >= 0"): WITHIN,
    ("ck_rag_documents_chunk_count", "cardinality(vector_ids) >= 0"): "no array has fewer than no elements",
}
"""Conditions that no row can break alone, and why."""


def ands(node: Node) -> Iterator[BoolExpr]:
    """Where conditions are joined that must all hold, at whatever depth."""
    parts: list[Node] = []
    match node:
        case BoolExpr() if node.boolop != BoolExprType.NOT_EXPR:
            if node.boolop == BoolExprType.AND_EXPR:
                yield node
            parts = list(node.args)
        case CoalesceExpr():
            parts = list(node.args)
        case CaseExpr():
            parts = [*(case.result for case in node.args), node.defresult]
    for part in parts:
        yield from ands(part)


def weakened(expression: str) -> Iterator[tuple[str, str]]:
    """Each condition of a CHECK, and the CHECK without it."""
    select = parse_sql(f"SELECT {expression}")[0].stmt
    for joined in ands(select.targetList[0].val):
        conditions = joined.args
        for left_out in conditions:
            joined.args = tuple(condition for condition in conditions if condition is not left_out)
            yield RawStream()(left_out), RawStream()(select).removeprefix("SELECT ")
        joined.args = conditions


def test_no_condition_of_a_rule_is_untried(two: tuple[Database, dict[str, UUID]]) -> None:
    """Whichever is left out, a bad row passes that rule."""
    db, people = two
    untried = set()
    with db.connect(Role.OWNER) as conn:
        for name, table, expression in conn.execute(CHECKS).fetchall():
            for condition, rest in weakened(expression):
                with conn.transaction(force_rollback=True):
                    conn.execute(
                        sql.SQL("ALTER TABLE {0} DROP CONSTRAINT {1}, ADD CONSTRAINT {1} CHECK ({2}) NOT VALID").format(
                            sql.SQL(table), sql.Identifier(name), sql.SQL(rest)
                        )
                    )
                    if all(refuses(conn, statement, people) == name for statement in RULES[name].bad):
                        untried.add((name, condition))
    assert untried == set(IMPLIED)


def test_a_zone_that_does_not_exist_is_refused(two: tuple[Database, dict[str, UUID]]) -> None:
    """Not a constraint: the trigger that keeps the history of zones tries it."""
    db, people = two
    with db.connect(Role.OWNER) as conn:
        assert run(conn, "UPDATE users SET timezone = 'Asia/Tokyo' WHERE id = %(person)s", people) == 1
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="Mars"):
            run(conn, "UPDATE users SET timezone = 'Mars/Olympus' WHERE id = %(person)s", people)
