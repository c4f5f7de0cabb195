"""How much each person of the demo uses the agents, and when: traits drawn once, shared by all months."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cauce.demo.agents import AGENTS
from cauce.demo.plan import DemoPerson
from cauce.demo.randomness import generator
from cauce.demo.window import Window

EVENTS_PER_PERSON_MONTH = 157.0
"""Makes about 100,000 events of 50 people and 13 months of which the last has not ended."""
NAMED_WEIGHTS = {"admin": 0.6, "analista": 0.8, "ana": 4.5, "luis": 4.0}
WEEKDAY_WEIGHTS = np.array([1.0, 1.1, 1.1, 1.05, 0.85, 0.35, 0.22])

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Habits:
    """Traits by person (rows): events expected by month, cumulative preference by agent, hour of the morning peak."""

    expected: Floats
    agents: Floats
    peak_hour: Floats


def habits(seed: int, people: Sequence[DemoPerson], window: Window) -> Habits:
    """Draw the traits: a few heavy people, many light ones, one in five who joined later, growth over the months."""
    random = generator(seed, "habits")
    size, months = len(people), len(window.months)
    weights = random.lognormal(0.0, 0.9, size)
    joined = np.where(random.random(size) < 0.2, random.integers(0, max(1, months - 1), size), 0)
    for index, person in enumerate(people[:6]):
        weights[index] = NAMED_WEIGHTS.get(person.email.partition("@")[0], 1.5)
        joined[index] = 0
    growth = np.linspace(0.6, 1.4, months) if months > 1 else np.ones(1)
    expected = weights[:, None] * growth[None, :] * (np.arange(months)[None, :] >= joined[:, None])
    expected *= EVENTS_PER_PERSON_MONTH * size * months / expected.sum()
    preferences = random.dirichlet(np.full(len(AGENTS), 0.5), size)
    return Habits(expected, np.cumsum(preferences, axis=1), random.normal(10.3, 0.9, size))
