"""The matrix: every relation, function, sequence and schema × every role × every command, held to `expected.toml`."""

import pytest

from cauce.database import Role
from tests.migrations.access import catalog
from tests.migrations.access.catalog import names
from tests.migrations.access.expected import CREATE, FUNCTIONS, OWNERS, RELATIONS, SEQUENCES, USAGE, Expected
from tests.migrations.access.matrix import differences, row_differences
from tests.migrations.access.probe import OWN, SCENES, UNSET, Probe, Relation
from tests.migrations.access.world import World, superuser

MIGRATED = ["extensions", "public"]
BUILT = ["intermediate", "marts", "staging"]


@pytest.mark.parametrize("name", RELATIONS)
def test_every_role_reaches_what_is_declared_and_nothing_else(world: World, name: str) -> None:
    found: list[str] = []
    with superuser(world) as conn:
        probe, relation = Probe(conn, world), Relation(conn, RELATIONS[name], world)
        relation.must_show(world)
        for role in Role:
            found += differences(probe, relation, role, SCENES[role])
    with superuser(world) as conn:  # a connection that never heard of the settings
        probe, relation = Probe(conn, world), Relation(conn, RELATIONS[name], world)
        for role in Role:
            found += row_differences(probe, relation, role, [UNSET])
    assert found == []


@pytest.mark.parametrize("name", RELATIONS)
def test_the_relation_itself_holds_even_its_owner_and_its_view(world: World, name: str) -> None:
    """Row security is forced: without its policy the owner sees nothing. A view shows what its reader may see."""
    with superuser(world) as conn:
        probe, relation = Probe(conn, world), Relation(conn, RELATIONS[name], world)
        assert relation.rows
        if relation.is_view:
            assert not probe.sees_through(relation)
        else:
            assert probe.owner_without_policy(relation) == frozenset()


@pytest.mark.parametrize("name", ["public.messages", "public.usage_logs"])
def test_nobody_reads_around_the_policies_of_a_partitioned_table(world: World, name: str) -> None:
    """A partition has no policy: even who is given it by mistake reaches no row, nor does its owner."""
    found: list[str] = []
    with superuser(world) as conn:
        probe, parent = Probe(conn, world), RELATIONS[name]
        partitions = names(conn, catalog.PARTITIONS, parent.relation)
        filled = 0
        for partition in partitions:
            nobody = Expected("public", partition, parent.owner, "user_id", "r.user_id::text")
            relation = Relation(conn, nobody, world)
            filled += len(relation.rows)
            for role in Role:
                if role != parent.owner:
                    found += differences(probe, relation, role, [OWN])
            if relation.rows:
                assert probe.owner_without_policy(relation) == frozenset()
        assert filled, "rows are in none of the partitions"
    assert found == []


@pytest.mark.parametrize("signature", FUNCTIONS)
def test_a_function_is_called_by_those_declared_and_nobody_else(operational: World, signature: str) -> None:
    with superuser(operational) as conn:
        probe = Probe(conn, operational)
        assert {role for role in Role if probe.may_call(role, signature)} == FUNCTIONS[signature] | {Role.OWNER}


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_sequence_is_used_by_those_declared_and_nobody_else(world: World, name: str) -> None:
    with superuser(world) as conn:
        probe = Probe(conn, world)
        wanted = {role: SEQUENCES[name].get(role, frozenset()) for role in Role} | {
            Role.OWNER: frozenset({"read", "next", "set"})
        }
        assert {role: probe.sequence(role, name) for role in Role} == wanted


@pytest.mark.parametrize("name", OWNERS)
def test_a_schema_is_used_and_written_by_those_declared_and_nobody_else(world: World, name: str) -> None:
    with superuser(world) as conn:
        probe = Probe(conn, world)
        may = {role: probe.schema(role, name) for role in Role}
    assert {role for role in Role if "usage" in may[role]} == USAGE[name]
    assert {role for role in Role if "create" in may[role]} == CREATE[name]


def test_nothing_is_migrated_that_is_not_declared_and_nothing_declared_is_gone(operational: World) -> None:
    with superuser(operational) as conn:
        assert set(names(conn, catalog.SCHEMAS)) == set(MIGRATED)
        assert set(names(conn, catalog.RELATIONS, MIGRATED)) == _declared_in(MIGRATED)
        assert set(names(conn, catalog.FUNCTIONS, MIGRATED)) == set(FUNCTIONS)
        assert set(names(conn, catalog.SEQUENCES, MIGRATED)) == set(SEQUENCES)


def test_nothing_is_built_that_is_not_declared_and_nothing_declared_is_gone(warehouse: World) -> None:
    with superuser(warehouse) as conn:
        assert set(names(conn, catalog.SCHEMAS)) == {*MIGRATED, *BUILT} == set(OWNERS)
        assert set(names(conn, catalog.RELATIONS, BUILT)) == _declared_in(BUILT)
        assert names(conn, catalog.FUNCTIONS, BUILT) == names(conn, catalog.SEQUENCES, BUILT) == []


def _declared_in(schemas: list[str]) -> set[str]:
    return {name for name, expected in RELATIONS.items() if expected.schema in schemas}
