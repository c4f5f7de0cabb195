"""Progress of long work: a spinner with the time on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

console = Console(stderr=True, highlight=False)
WORTH_TELLING = 1.0
"""Seconds after which a line says how long a step took."""


@contextmanager
def step(title: str) -> Iterator[Callable[[str], None]]:
    """Show a step while it runs; gives a function that says what it is at."""
    began = time.monotonic()
    if console.is_terminal:
        with console.status(title) as status:
            yield lambda detail: status.update(f"{title}: {detail}")
    else:
        console.print(f"… {title}", markup=False)
        said = [began]

        def tell(detail: str) -> None:
            if time.monotonic() - said[0] >= WORTH_TELLING:
                said[0] = time.monotonic()
                console.print(f"  {detail}", markup=False, soft_wrap=True)

        yield tell
    taken = time.monotonic() - began
    console.print(f"✓ {title}" + (f" ({taken:.1f} s)" if taken >= WORTH_TELLING else ""), markup=False)
