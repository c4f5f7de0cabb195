"""What a role can do with a relation, found out by doing it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from uuid import uuid4

import psycopg

from cauce.database import Role
from tests.migrations.access.expected import Expected
from tests.migrations.access.world import World

DENIED, MALFORMED, REFERRED_TO, CHECK, UNIQUE = "42501", "22P02", "0A000", "23514", "23505"
ROW_COMMANDS = ("select", "insert", "update", "delete")
UNSET, OWN, EMPTY, FORGED, MALFORMED_SETTING = "unset", "own", "empty", "forged", "malformed"
SCENES = dict.fromkeys(Role, (OWN,)) | dict.fromkeys((Role.USER, Role.INGEST), (OWN, EMPTY, FORGED, MALFORMED_SETTING))
"""What the settings say: Ana; an empty text; another person's id, or nobody's; no identifier at all. To roles that are
nobody in particular they say Ana, and must say nothing."""
FIRST_OF_OURS = 16384
"""The object identifiers below are the server's own."""
FACTS = """
SELECT c.relkind::text,
  ARRAY(SELECT ARRAY[a.attname, format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attgenerated <> '' OR a.attidentity = 'a' THEN 'made' ELSE '' END,
      CASE WHEN EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisunique AND a.attnum = ANY (x.indkey))
        THEN 'key' ELSE '' END]
    FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
FROM pg_class c WHERE c.oid = %s::regclass
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `made` by the server and never written, part of a unique `key`."""

    name: str
    type: str
    made: bool
    key: bool

    @property
    def quoted(self) -> str:
        return f'"{self.name}"'


@dataclass(frozen=True, slots=True)
class Row:
    """A row by its place in the table: the words that say whose it is, and its values as SQL."""

    place: str
    words: frozenset[str]
    values: tuple[str, ...]


class Refused(str):
    """An attempt that failed, for a reason that was not to be expected."""


class Relation:
    """A relation as the superuser sees it, before anybody tries anything, with the rows of Ana, of Luis and of nobody."""

    def __init__(self, conn: psycopg.Connection, expected: Expected, world: World) -> None:
        self.expected = expected
        self.name = expected.relation
        found = conn.execute(FACTS, (self.name,)).fetchone()
        assert found, f"{self.name} is not there"
        self.is_view = found[0] == "v"
        assert found[0] in "rpv", f"{self.name} is of a kind nobody thought of: {found[0]}"
        self.columns = [Column(name, type_, made == "made", key == "key") for name, type_, made, key in found[1]]
        self.place = "md5(r::text)" if self.is_view else "r.tableoid::text || r.ctid::text"
        values = ", ".join(f"quote_nullable(r.{column.quoted}::text)" for column in self.columns)
        person = expected.person or "NULL"
        those = f"WHERE {person} IS NULL OR {person} IN ('{world.ana}', '{world.luis}')"
        query = f"SELECT {self.place}, {expected.words}, {values} FROM {self.name} r {those}"
        rows = conn.execute(query.encode()).fetchall()
        self.rows = [Row(place, frozenset((words or "").split()), tuple(values)) for place, words, *values in rows]

    def must_show(self, world: World) -> None:
        """Be sure that there is something to reach: Ana's, another's, and all that verdicts speak of."""
        there = frozenset().union(*(row.words for row in self.rows))
        wanted = {word for verdict in self.expected.verdicts.values() for word in verdict.rows}
        wanted -= {"all", "own", "tenant"}
        if self.expected.person:
            wanted |= {str(world.ana), str(world.luis)}
        assert self.rows, f"no row of {self.name} to try"
        assert wanted <= there, f"{self.name} has no row that is {wanted - there}"

    @cached_property
    def samples(self) -> list[Row]:
        """One row of each kind."""
        return list({row.words: row for row in reversed(self.rows)}.values())

    @cached_property
    def updates(self) -> list[str]:
        """Statements that set a column to one value in all rows, the likeliest to pass the rows' own checks first.

        No key, and alike in most rows; of the values, one that is there.
        """
        free = [c for c in self.columns if not c.made and not c.key] or [c for c in self.columns if not c.made]
        found = {c: sorted({row.values[self.columns.index(c)] for row in self.rows}) or ["NULL"] for c in free}
        return [
            f"UPDATE {self.name} SET {column.quoted} = {value}::{column.type}"
            for column in sorted(free, key=lambda c: len(found[c]))
            for value in found[column]
        ]

    def insert(self, row: Row) -> str:
        written = [(c, value) for c, value in zip(self.columns, row.values, strict=True) if not c.made]
        names = ", ".join(column.quoted for column, _ in written)
        values = ", ".join(f"{value}::{column.type}" for column, value in written)
        return f"INSERT INTO {self.name} ({names}) VALUES ({values})"


class Probe:
    """A superuser's transaction in which roles are tried out; it leaves nothing behind."""

    def __init__(self, conn: psycopg.Connection, world: World) -> None:
        self.conn = conn
        self.world = world

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What is done inside is undone."""
        with self.conn.transaction(force_rollback=True):
            yield

    def privileges(self, role: Role, relation: Relation, command: str) -> frozenset[str]:
        """The columns the role may name in the command; for those that name none, all or nothing.

        The relation's own privileges: its schema is opened for the attempt.
        """
        with self.undone():
            self.conn.execute(f"GRANT USAGE ON SCHEMA {relation.expected.schema} TO {role}".encode())
            if relation.is_view:
                self._show_by_owners_rights()
            return self._allowed(role, _PRIVILEGE[command](relation))

    @contextmanager
    def privileged(self, role: Role, relation: Relation) -> Iterator[None]:
        """The role has every privilege on the relation's rows, so that only policies stand before them."""
        with self.undone():
            self.conn.execute(f"GRANT USAGE ON SCHEMA {relation.expected.schema} TO {role}".encode())
            self.conn.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {relation.name} TO {role}".encode())
            yield

    def set_scene(self, role: Role, scene: str) -> None:
        """Say who asks. What only the other kind of role should heed always names Luis."""
        if scene == UNSET:
            row = self.conn.execute(
                "SELECT current_setting('cauce.session_token', true), current_setting('cauce.tenant_id', true)"
            ).fetchone()
            assert row == (None, None), "a connection that ever had the settings has them for good"
            return
        world, batch = self.world, role == Role.INGEST
        session, tenant = {
            OWN: (world.luis_token if batch else world.ana_token, world.ana if batch else world.luis),
            EMPTY: ("", ""),
            FORGED: (world.luis, uuid4()),
            MALFORMED_SETTING: (f"{world.luis_token} ", "x' OR true"),
        }[scene]
        self.conn.execute(
            "SELECT set_config('cauce.session_token', %s, true), set_config('cauce.tenant_id', %s, true)",
            (str(session), str(tenant)),
        )

    def reached(self, role: Role, relation: Relation, command: str) -> frozenset[str] | Refused:
        """The places of the rows that the command reaches when the role runs it over the whole relation."""
        if command == "insert":
            accepted = set()
            for row in relation.samples:
                state = self._insert(role, relation, row)
                if state == "00000":
                    accepted.add(row.place)
                elif state not in (DENIED, MALFORMED):
                    return Refused(state)
            return frozenset(accepted)
        look = f"SELECT array_agg({relation.place}) FROM {relation.name} r"
        if command == "select":
            state, seen = self._attempt(role, None, look, None)
            return seen if state == "00000" else Refused(state)
        for change in relation.updates if command == "update" else [f"DELETE FROM {relation.name}"]:
            state, untouched = self._attempt(role, None, change, look)
            if state != CHECK:
                break
        if state == UNIQUE:  # a table of keys only, whose rows were all let through to become one
            return frozenset(row.place for row in relation.rows)
        if state != "00000":
            return Refused(state)
        return frozenset(row.place for row in relation.rows) - untouched

    def can_give_away(self, role: Role, relation: Relation) -> bool:
        """Whether the role can make Ana's rows Luis's."""
        person = relation.expected.person
        others = f"DELETE FROM {relation.name} WHERE {person} IS DISTINCT FROM '{self.world.ana}'"
        give = f"UPDATE {relation.name} SET {person} = '{self.world.luis}'"
        look = f"SELECT array_agg(r.{person}::text) FROM {relation.name} r"
        state, persons = self._attempt(role, others, give, look)
        if state == CHECK:  # what policies let through is checked after them
            return True
        assert state in ("00000", DENIED), f"{give} as {role} fails for another reason: {state}"
        return state == "00000" and str(self.world.luis) in persons

    def owner_without_policy(self, relation: Relation) -> frozenset[str]:
        """The rows the owner still sees when the policy that names it is taken away."""
        owner = relation.expected.owner
        policies = self.conn.execute(
            "SELECT polname FROM pg_policy WHERE polrelid = %s::regclass"
            " AND (polroles = '{0}' OR %s::regrole = ANY (polroles))",
            (relation.name, owner),
        ).fetchall()
        with self.undone():
            for (policy,) in policies:
                self.conn.execute(f"DROP POLICY {policy} ON {relation.name}".encode())
            state, seen = self._attempt(owner, None, f"SELECT array_agg({relation.place}) FROM {relation.name} r", None)
        assert state == "00000", state
        return seen

    def may_call(self, role: Role, function: str) -> bool:
        """Call a function with nothing in its arguments; whatever it then says, it was called."""
        row = self.conn.execute(
            "SELECT p.proname, p.prokind = 'p', ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) AS t)"
            " FROM pg_proc p WHERE p.oid = %s::regprocedure",
            (function,),
        ).fetchone()
        assert row
        name, is_procedure, types = row
        if is_procedure:
            statement = f'CALL public."{name}"({", ".join(f"NULL::{type_}" for type_ in types)})'
        else:
            # Arguments from a row the planner cannot see through: it would answer a strict function by itself.
            row_of = ", ".join(f"NULL::{type_} AS a{n}" for n, type_ in enumerate(types)) or "1"
            arguments = ", ".join(f"v.a{n}" for n in range(len(types)))
            statement = f'SELECT public."{name}"({arguments}) FROM (SELECT {row_of} OFFSET 0) v'
        row = self.conn.execute(
            "SELECT state, told FROM probe.attempt(%s, NULL, %s, 'SELECT NULL::text[]')", (role, statement)
        ).fetchone()
        assert row
        return row != (DENIED, f"permission denied for {'procedure' if is_procedure else 'function'} {name}")

    def sequence(self, role: Role, name: str) -> frozenset[str]:
        """Of reading a sequence, taking its next value and setting it, what the role may."""
        statements = {
            "read": f"SELECT last_value FROM {name}",
            "next": f"SELECT nextval('{name}')",
            "set": f"SELECT setval('{name}', 7)",
        }
        return self._allowed(role, statements)

    def schema(self, role: Role, name: str) -> frozenset[str]:
        """Of using a schema and creating in it, what the role may."""
        statements = {"usage": f"SELECT to_regclass('{name}.nothing')", "create": f"CREATE TABLE {name}.made ()"}
        return self._allowed(role, statements)

    def sees_through(self, relation: Relation) -> bool:
        """Whether somebody who has nothing, but is given the view, sees rows of what it reads by its owner's rights.

        The views it reads are made to show theirs to everybody: the question is of this one alone.
        """
        with self.privileged(Role.SIGN_IN, relation):
            self._show_by_owners_rights(but=relation.name)
            state, _ = self._attempt(Role.SIGN_IN, None, f"SELECT array_agg(r::text) FROM {relation.name} r", None)
        assert state in ("00000", DENIED), state
        return state == "00000"

    def _show_by_owners_rights(self, *, but: str | None = None) -> None:
        """Let all our views, but this one, ask for nobody's privileges but their owner's."""
        views = self.conn.execute(
            "SELECT oid::regclass::text FROM pg_class"
            f" WHERE relkind = 'v' AND oid >= {FIRST_OF_OURS} AND oid IS DISTINCT FROM %s::regclass",
            (but,),
        ).fetchall()
        for (view,) in views:
            self.conn.execute(f"ALTER VIEW {view} SET (security_invoker = false)".encode())

    def _allowed(self, role: Role, statements: dict[str, str]) -> frozenset[str]:
        row = self.conn.execute("SELECT probe.privileges(%s, %s)", (role, list(statements.values()))).fetchone()
        assert row
        for name, state in zip(statements, row[0], strict=True):
            assert state in ("00000", DENIED, REFERRED_TO), (
                f"{statements[name]} as {role} fails for another reason: {state}"
            )
        return frozenset(name for name, state in zip(statements, row[0], strict=True) if state != DENIED)

    def _insert(self, role: Role, relation: Relation, row: Row) -> str:
        away = f"DELETE FROM {relation.name} r WHERE {relation.place} = '{row.place}'"
        return self._attempt(role, away, relation.insert(row), "SELECT NULL::text[]")[0]

    def _attempt(
        self, role: Role, beforehand: str | None, statement: str, look: str | None
    ) -> tuple[str, frozenset[str]]:
        row = self.conn.execute(
            "SELECT state, seen FROM probe.attempt(%s, %s, %s, %s)", (role, beforehand, statement, look)
        ).fetchone()
        assert row
        return row[0], frozenset(row[1] or ())


def _by_column(statement: Callable[[Relation, Column], str], *, written: bool) -> Callable[[Relation], dict[str, str]]:
    return lambda relation: {
        column.name: statement(relation, column) for column in relation.columns if not (written and column.made)
    }


_PRIVILEGE: dict[str, Callable[[Relation], dict[str, str]]] = {
    "select": _by_column(lambda r, c: f"SELECT {c.quoted} FROM {r.name} WHERE false", written=False),
    "insert": _by_column(
        lambda r, c: f"INSERT INTO {r.name} ({c.quoted}) SELECT NULL::{c.type} WHERE false", written=True
    ),
    "update": _by_column(lambda r, c: f"UPDATE {r.name} SET {c.quoted} = NULL WHERE false", written=True),
    "delete": lambda r: {"": f"DELETE FROM {r.name} WHERE false"},
    "truncate": lambda r: {"": f"TRUNCATE {r.name}"},
}
"""Statements that reach no row: what refuses them is the lack of a privilege. Every column is named by itself."""
