import hashlib
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cauce.demo import DemoPlan, generate
from cauce.errors import FatalError
from tests.cauce.demo.conftest import TODAY, Demo

GENERATE = """
import sys
from datetime import date
from pathlib import Path
from cauce.demo import generate
generate(Path(sys.argv[1]), users=8, months=3, today=date(2026, 11, 22))
"""


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_arguments_give_the_same_bytes_in_other_processes_zones_and_hash_seeds(tmp_path: Path) -> None:
    for name, zone in (("1", "UTC"), ("2", "Asia/Tokyo")):
        environment = os.environ | {"PYTHONHASHSEED": name, "TZ": zone, "POLARS_MAX_THREADS": name}
        subprocess.run([sys.executable, "-c", GENERATE, str(tmp_path / name)], check=True, env=environment)
    assert digests(tmp_path / "1") == digests(tmp_path / "2")


def test_another_seed_gives_other_events(tmp_path: Path) -> None:
    one = generate(tmp_path / "1", users=5, months=1, seed=1, today=TODAY)
    two = generate(tmp_path / "2", users=5, months=1, seed=2, today=TODAY)
    assert one.expectations != two.expectations


def test_default_size(demo: Demo) -> None:
    plan = demo.plan
    assert len(plan.people) == len({person.email for person in plan.people}) == 50
    assert 95_000 <= plan.events <= 108_000
    assert sum(person.finance for person in plan.people) == 30
    assert sum(person.health for person in plan.people) == 20
    assert len({expected.file[6:13] for expected in plan.expectations if expected.domain == "usage"}) == 13


def test_every_file_is_in_the_plan_in_the_order_of_names(demo: Demo) -> None:
    files = [str(p.relative_to(demo.folder)) for p in demo.folder.rglob("*") if p.is_file() and p.name[0] != "."]
    planned = [expected.file for expected in demo.plan.expectations]
    assert sorted(files) == sorted(planned)
    for domain_files in ([f for f in planned if f.startswith("usage/")], [f for f in planned if "@" in f]):
        assert domain_files == sorted(domain_files)
    assert demo.plan.paths(demo.folder)[0].is_file()


def test_people_to_sign_in_as(demo: Demo) -> None:
    roles = [(person.email, person.role) for person in demo.plan.sign_in]
    assert roles == [
        ("admin@demo.example", "ADMIN"),
        ("analista@demo.example", "DEVELOPER"),
        ("ana@demo.example", "USER"),
        ("luis@demo.example", "USER"),
    ]
    assert all(person.finance and person.health for person in demo.plan.sign_in[2:])


def test_size_follows_people_and_months(tmp_path: Path) -> None:
    base = generate(tmp_path / "1", users=10, months=2, today=TODAY)
    people = generate(tmp_path / "2", users=40, months=2, today=TODAY)
    months = generate(tmp_path / "3", users=10, months=8, today=TODAY)
    assert 3 < people.events / base.events < 5
    assert 3 < months.events / base.events < 5
    assert len(people.people) == 40


@pytest.mark.parametrize("today", [date(2026, 11, 1), date(2026, 11, 2), date(2024, 3, 1), date(2026, 1, 10)])
@pytest.mark.parametrize("months", [1, 2])
def test_any_day_will_do(tmp_path: Path, today: date, months: int) -> None:
    plan = generate(tmp_path / "demo", users=4, months=months, today=today)
    assert DemoPlan.read(tmp_path / "demo") == plan
    assert {expected.domain for expected in plan.expectations} == {"usage", "finance", "health"}


def test_addresses_of_many_people_are_all_different() -> None:
    from cauce.demo.cast import people
    from cauce.demo.window import Window

    cast = people(1, 2_500, Window.ending(TODAY, 2))
    assert len({person.email for person in cast}) == 2_500


def test_a_whole_demo_is_kept_and_a_half_one_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    first = generate(folder, users=4, months=1, today=TODAY)
    before = digests(folder)
    kept = (folder / ".plan.json").stat().st_mtime_ns
    assert generate(folder, users=4, months=1, today=TODAY) == first
    assert (folder / ".plan.json").stat().st_mtime_ns == kept
    (folder / first.expectations[0].file).write_text("half")
    (folder / ".plan.json").unlink()
    assert generate(folder, users=4, months=1, today=TODAY) == first
    assert digests(folder) == before


def test_another_demo_replaces_the_one_before(tmp_path: Path) -> None:
    generate(tmp_path / "demo", users=6, months=2, today=TODAY)
    plan = generate(tmp_path / "demo", users=4, months=1, today=TODAY)
    files = {str(path.relative_to(tmp_path / "demo")) for path in (tmp_path / "demo").rglob("*") if path.is_file()}
    assert files == {expected.file for expected in plan.expectations} | {".plan.json"}


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tesis.docx").write_text("mine")
    with pytest.raises(FatalError, match="not a folder of demo files"):
        generate(tmp_path, today=TODAY)
    assert (tmp_path / "tesis.docx").read_text() == "mine"


@pytest.mark.parametrize(("users", "months"), [(3, 1), (4, 0)])
def test_too_small(tmp_path: Path, users: int, months: int) -> None:
    with pytest.raises(FatalError, match="too small"):
        generate(tmp_path, users=users, months=months, today=TODAY)


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    generate(tmp_path / "demo", users=4, months=2, today=TODAY, on_progress=told.append)
    assert told == ["usage of 2026-10", "usage of 2026-11", "money of 2 people", "health of 2 people"]


def test_luis_moves_in_mid_history(demo: Demo) -> None:
    luis = next(person for person in demo.plan.people if person.email == "luis@demo.example")
    assert luis.zone_at(datetime(2025, 11, 1, tzinfo=UTC)) == "America/Mexico_City"
    assert luis.zone_at(datetime(2026, 11, 1, tzinfo=UTC)) == luis.timezone == "America/Tijuana"
