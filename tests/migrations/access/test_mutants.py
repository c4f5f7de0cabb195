"""What guards the rows is weakened in turn, piece by piece: the matrix notices each time."""

from collections.abc import Callable

import pytest

from tests.migrations.access import mutants
from tests.migrations.access.expected import FUNCTIONS, RELATIONS, SEQUENCES
from tests.migrations.access.mutants import Mutant, survivors
from tests.migrations.access.probe import Probe, Relation
from tests.migrations.access.world import World, superuser

Record = Callable[[str, object], None]


def tried(probe: Probe, made: list[Mutant], record: Record) -> list[str]:
    assert made, "nothing was weakened"
    record("mutants", len(made))
    return survivors(probe, made)


@pytest.mark.parametrize("name", RELATIONS)
def test_a_weaker_policy_or_grant_is_noticed(world: World, name: str, record_property: Record) -> None:
    with superuser(world) as conn:
        relation = Relation(conn, RELATIONS[name], world)
        assert tried(Probe(conn, world), mutants.of_relation(conn, relation), record_property) == []


@pytest.mark.parametrize("signature", FUNCTIONS)
def test_a_function_called_by_others_is_noticed(operational: World, signature: str, record_property: Record) -> None:
    with superuser(operational) as conn:
        assert tried(Probe(conn, operational), [*mutants.of_function(signature)], record_property) == []


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_sequence_used_by_others_is_noticed(operational: World, name: str, record_property: Record) -> None:
    with superuser(operational) as conn:
        assert tried(Probe(conn, operational), [*mutants.of_sequence(name)], record_property) == []
