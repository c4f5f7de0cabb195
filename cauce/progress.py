"""How long work tells what it is doing."""

from collections.abc import Callable

Progress = Callable[[str], None]
"""Is told what goes on now, in a few words at a time."""
