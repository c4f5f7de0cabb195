"""The database is the specification's, but for what `docs/schema-changes.md` lists; and it lists nothing else."""

import os
from pathlib import Path

import pytest

from cauce.database import Database, Role
from tests.migrations.departures import RULES, Row, rows
from tests.migrations.specification import Departure, Table, build, departures, read

Comparison = tuple[dict[str, Table], list[Departure], list[Row]]


@pytest.fixture(scope="session")
def specification() -> str:
    """The shared specification; where it is absent the run says so by failing."""
    samples = Path(os.environ.get("CAUCE_SAMPLES", Path(__file__).parents[3] / "shared" / "samples"))
    path = samples.parent / "spec" / "schema-v1.0.md"
    if not path.is_file():
        message = f"the shared specification is not at {path}: set CAUCE_SAMPLES to the samples beside its folder"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path.read_text(encoding="utf-8")


@pytest.fixture
def comparison(db: Database, empty_db: Database, specification: str) -> Comparison:
    with empty_db.transaction(Role.OWNER) as conn:
        found = build(conn, specification)
        spec = read(conn)
    with db.transaction(Role.OWNER) as conn:
        ours = read(conn)
    return spec, [*found, *departures(spec, ours)], rows(spec, ours)


def test_the_specification_is_read_whole(comparison: Comparison) -> None:
    """Against the counts that were taken by hand: nothing of it is lost on the way."""
    tables = comparison[0].values()
    assert len(tables) == 42
    assert sum(len(table.columns) for table in tables) == 522
    assert sum(len(table.references) for table in tables) == 52
    assert sum(len(checks) for table in tables for checks in table.checks.values()) == 41


def test_every_departure_is_listed(comparison: Comparison) -> None:
    spec, found, listed = comparison
    unlisted = [
        str(departure)
        for departure in found
        if not any(rule(departure, spec) for rule in RULES.values())
        and not any(row.covers(departure) for row in listed)
    ]
    assert not unlisted, "\n" + "\n".join(sorted(unlisted))


def test_every_listed_departure_is_there(comparison: Comparison) -> None:
    spec, found, listed = comparison
    there = {(departure.table, None) for departure in found}.union(*(departure.names for departure in found))
    untrue = []
    for row in listed:
        if row.section != "Everywhere":
            if not any(row.covers(departure) for departure in found):
                untrue.append(f"not so: {row.text}")
            elif wrong := {name for name in row.names - there if name[0] in spec}:
                untrue.append(
                    f"nothing departs in {', '.join(f'{table}.{column}' for table, column in wrong)}: {row.text}"
                )
    assert not untrue, "\n" + "\n".join(untrue)


def test_every_rule_is_told_and_applies(comparison: Comparison) -> None:
    spec, found, listed = comparison
    told = [row.text for row in listed if row.section == "Everywhere"]
    assert [words for words in RULES if not any(text.startswith(words) for text in told)] == [], "not told"
    assert [words for words, rule in RULES.items() if not any(rule(d, spec) for d in found)] == [], "apply nowhere"
