"""Every rule of the schema lets a right row pass and refuses a wrong one."""

import re
from importlib import import_module
from pkgutil import iter_modules
from uuid import UUID

import psycopg
import pytest

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


@pytest.mark.parametrize("name", sorted(RULES))
def test_the_rule_refuses_what_is_wrong_and_only_that(two: tuple[Database, dict[str, UUID]], name: str) -> None:
    db, people = two
    with db.connect(Role.OWNER) as conn:
        assert run(conn, RULES[name].good, people) > 0, "the good statement touches nothing, and shows nothing"
        conn.rollback()
        with pytest.raises(psycopg.errors.IntegrityError) as refused:
            run(conn, RULES[name].bad, people)
        conn.rollback()
    told = re.sub(r"_y\d{4}m?_?\d{2}", "", refused.value.diag.constraint_name or "")
    assert told == name


def test_no_rule_is_without_its_two_rows(db: Database) -> None:
    with db.transaction(Role.OWNER) as conn:
        there = {row[0] for row in conn.execute(NAMED).fetchall()}
    assert there - set(RULES) == set(), "constraints nobody tried"


def test_a_zone_that_does_not_exist_is_refused(two: tuple[Database, dict[str, UUID]]) -> None:
    """Not a constraint: the trigger that keeps the history of zones tries it."""
    db, people = two
    with db.connect(Role.OWNER) as conn:
        assert run(conn, "UPDATE users SET timezone = 'Asia/Tokyo' WHERE id = %(person)s", people) == 1
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="Mars"):
            run(conn, "UPDATE users SET timezone = 'Mars/Olympus' WHERE id = %(person)s", people)
