"""Write the whole demo into a folder."""

import shutil
from datetime import date
from pathlib import Path

from cauce.demo.cast import people
from cauce.demo.finance import write_finance
from cauce.demo.health import write_health
from cauce.demo.plan import PLAN_FILE, DemoPlan
from cauce.demo.usage import write_usage
from cauce.demo.window import Window
from cauce.errors import FatalError
from cauce.progress import Progress

SEED = 20_251_022
FEWEST_USERS = 4
"""An admin, an analyst and two users to sign in as."""


def generate(
    folder: Path,
    *,
    users: int = 50,
    months: int = 13,
    seed: int = SEED,
    today: date,
    on_progress: Progress | None = None,
) -> DemoPlan:
    """Write the demo's files into a folder of its own and give the plan: who, which files, what each must end in.

    The same arguments give the same bytes. Data cover `months` calendar months up to the day before `today`. A whole
    demo of the same arguments that lies in the folder is kept, any other is replaced. `on_progress` is told in a few
    words what was written.

    Raises `FatalError` when the folder holds something else, or there are fewer than four people or one month.
    """
    if users < FEWEST_USERS or months < 1:
        raise FatalError(
            f"a demo of {users} people and {months} months is too small",
            action=f"ask for {FEWEST_USERS} people and 1 month at least",
        )
    tell = on_progress or (lambda _text: None)
    there = DemoPlan.read(folder)
    if there and there.is_of(seed, today, users, months) and all(path.exists() for path in there.paths(folder)):
        return there
    _clear(folder)
    window = Window.ending(today, months)
    cast = people(seed, users, window)
    usage, usage_cases = write_usage(folder, seed, cast, window, tell)
    finance, finance_cases = write_finance(folder, seed, cast, window)
    tell(f"money of {sum(person.finance for person in cast)} people")
    health, health_cases = write_health(folder, seed, cast, window)
    tell(f"health of {sum(person.health for person in cast)} people")
    personal = sorted([*finance, *health], key=lambda expected: expected.file)
    plan = DemoPlan(
        seed=seed,
        today=today,
        users=users,
        months=months,
        people=cast,
        expectations=(*usage, *personal),
        cases=tuple(case for case in (*usage_cases, *finance_cases, *health_cases) if case.records),
    )
    plan.write(folder)
    return plan


def _clear(folder: Path) -> None:
    """Empty a folder that holds a demo; it is one when it holds a plan, or only what a demo writes."""
    if folder.exists():
        children = list(folder.iterdir())
        known = all(child.is_dir() and (child.name == "usage" or "@" in child.name) for child in children)
        if not known and not (folder / PLAN_FILE).exists():
            raise FatalError("not a folder of demo files", where=str(folder), action="name an empty or a new folder")
        for child in children:
            if child.is_dir():
                shutil.rmtree(child)
            else:
                child.unlink()
    folder.mkdir(parents=True, exist_ok=True)
