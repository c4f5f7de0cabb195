"""The matrix: every relation, function, sequence and schema × every role × every command, held to `expected.toml`."""

import pytest

from cauce.database import Role
from tests.migrations.access import catalog
from tests.migrations.access.catalog import names
from tests.migrations.access.expected import CREATE, FUNCTIONS, RELATIONS, SEQUENCES, USAGE, Expected
from tests.migrations.access.matrix import differences
from tests.migrations.access.probe import OWN, SCENES, UNSET, Probe, Relation
from tests.migrations.access.world import World, superuser

MIGRATED = ["extensions", "public"]
OPERATIONAL = [name for name in RELATIONS if name.startswith("public.")]


def observed(world: World, name: str) -> list[str]:
    found: list[str] = []
    for scenes in ((UNSET,), SCENES):
        with superuser(world) as conn:
            probe, relation = Probe(conn, world), Relation(conn, RELATIONS[name])
            relation.must_show(world)
            for role in Role:
                found += differences(probe, relation, role, scenes=scenes)
    return found


@pytest.mark.parametrize("name", OPERATIONAL)
def test_every_role_reaches_what_is_declared_and_nothing_else(operational: World, name: str) -> None:
    assert observed(operational, name) == []


@pytest.mark.parametrize("name", OPERATIONAL)
def test_the_relation_itself_holds_even_its_owner_and_its_view(operational: World, name: str) -> None:
    """Row security is forced: without its policy the owner sees nothing. A view shows what its reader may see."""
    with superuser(operational) as conn:
        probe, relation = Probe(conn, operational), Relation(conn, RELATIONS[name])
        assert relation.rows
        if relation.is_view:
            assert not probe.sees_through(relation)
        else:
            assert probe.owner_without_policy(relation) == frozenset()


@pytest.mark.parametrize("name", ["public.messages", "public.usage_logs"])
def test_nobody_reads_around_the_policies_of_a_partitioned_table(operational: World, name: str) -> None:
    """A partition has no policy: even who is given it by mistake reaches no row, nor does its owner."""
    found: list[str] = []
    with superuser(operational) as conn:
        probe, parent = Probe(conn, operational), RELATIONS[name]
        partitions = names(conn, catalog.PARTITIONS, parent.relation)
        assert partitions
        filled = 0
        for partition in partitions:
            nobody = Expected("public", partition, parent.owner, "user_id", "r.user_id::text")
            relation = Relation(conn, nobody)
            filled += len(relation.rows)
            for role in Role:
                if role != parent.owner:
                    found += differences(probe, relation, role, scenes=[OWN])
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
def test_a_sequence_is_used_by_those_declared_and_nobody_else(operational: World, name: str) -> None:
    with superuser(operational) as conn:
        probe = Probe(conn, operational)
        wanted = {role: SEQUENCES[name].get(role, frozenset()) for role in Role} | {
            Role.OWNER: frozenset({"read", "next", "set"})
        }
        assert {role: probe.sequence(role, name) for role in Role} == wanted


@pytest.mark.parametrize("schema", MIGRATED)
def test_a_schema_is_used_and_written_by_those_declared_and_nobody_else(operational: World, schema: str) -> None:
    with superuser(operational) as conn:
        probe = Probe(conn, operational)
        may = {role: probe.schema(role, schema) for role in Role}
    assert {role for role in Role if "usage" in may[role]} == USAGE[schema]
    assert {role for role in Role if "create" in may[role]} == CREATE[schema]


def test_nothing_is_there_that_is_not_declared_and_nothing_declared_is_gone(operational: World) -> None:
    with superuser(operational) as conn:
        assert set(names(conn, catalog.SCHEMAS)) == set(MIGRATED)
        assert set(names(conn, catalog.RELATIONS, MIGRATED)) == set(OPERATIONAL)
        assert set(names(conn, catalog.FUNCTIONS, MIGRATED)) == set(FUNCTIONS)
        assert set(names(conn, catalog.SEQUENCES, MIGRATED)) == set(SEQUENCES)
