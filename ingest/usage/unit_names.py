"""Names of token counts: which kinds of token are known, so that one that is not is set aside instead of left out.

A new kind has a price of its own, sooner or later. An event that reports one is not loaded at the price of the rest: it
waits in quarantine until the kind is known here, or its text is repaired.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from ingest.usage.values import Breach

UNKNOWN_UNIT = "its price would be left out. Wait for a version that knows it, or remove the count and replay the row"
"""What to do about an event of which a part has no known price."""

_WORDS = """
accepted audio billed billable cache cached candidates citation completion content count creation details document
ephemeral generated hit image input miss native num output prediction prompt read reasoning rejected request response
text thinking thoughts token tokens tool total uncached use used video write 1h 5m
"""
_KNOWN = frozenset(_WORDS.split())
_COUNT = re.compile(r"(tokens|token_count|tokencount)$", re.IGNORECASE)
_WORD = re.compile(r"\d+[a-z]+|[A-Z]?[a-z]+|[A-Z]+|\d+")


def require_known(counts: Iterable[tuple[str, object]]) -> None:
    """Raise `Breach` for the first count that is not 0 and whose name, after its last dot, is of no known kind."""
    for name, value in counts:
        if (unknown := unknown_kind(name)) and _counts_something(value):
            reason = f"{name} counts a unit that is not known here ({unknown!r:.60}): {UNKNOWN_UNIT}"
            raise Breach("unknown_unit", reason, name[:100])


@lru_cache(maxsize=4096)
def unknown_kind(name: str) -> str | None:
    """Return the word of a token count's name that is not known; None for a known one and for other names."""
    last = name.rpartition(".")[2]
    if not _COUNT.search(last):
        return None
    return next((word for word in _WORD.findall(last) if word.lower() not in _KNOWN), None)


def counts_within(usage: Mapping[str, Any], path: str = "") -> Iterable[tuple[str, object]]:
    """Yield every value of an object and of the objects in it, with its path."""
    for key, value in usage.items():
        if isinstance(value, Mapping):
            yield from counts_within(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def _counts_something(value: object) -> bool:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return False
    return isinstance(value, int | float) and not isinstance(value, bool) and value != 0
