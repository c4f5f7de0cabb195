from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from cauce.demo import DemoPlan, generate

TODAY = date(2026, 11, 22)


@dataclass(frozen=True)
class Demo:
    folder: Path
    plan: DemoPlan

    def records(self, case: str) -> int:
        return sum(found.records for found in self.plan.cases if found.name == case)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo as `cauce demo` makes it by default."""
    folder = tmp_path_factory.mktemp("demo")
    return Demo(folder, generate(folder, today=TODAY))


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Six people and four months, for what is slow by the record."""
    folder = tmp_path_factory.mktemp("small")
    return Demo(folder, generate(folder, today=TODAY, users=6, months=4))
