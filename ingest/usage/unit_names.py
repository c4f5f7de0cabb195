"""Names of counts: which kinds of token are known, so that one that is not is set aside instead of left out.

A new kind has a price of its own, sooner or later. An event that reports one is not loaded at the price of the rest: it
waits in quarantine until the kind is known here, or its text is repaired.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from ingest.usage.dialects import COUNTS
from ingest.usage.values import Breach

UNKNOWN_UNIT = "its price would be left out. Wait for a version that knows it, or remove the count and replay the row"
"""What to do about an event of which a part has no known price."""

_WORDS = """
accepted audio billed billable cache cached calls candidates citation completion content count creation details document
ephemeral fetch generated hit image input invocation iterations miss modality native num output prediction prompt read
reasoning rejected request requests response search server text thinking thoughts token tokens tool total uncached units
unspecified usage use used video web write 1h 5m
"""
_KNOWN = frozenset(_WORDS.split())
_PREFIX = re.compile("|".join(map(re.escape, COUNTS)))
_COUNT = re.compile(
    # The name of a total, or of what stands below one, …
    r"(tokens|token_?count)(\.|$)"
    # … a part of one, whatever it is called, but no part of a cost, …
    r"|(?<!cost)(?<!cost_)details\."
    # … and what tools of the provider's own were used for.
    r"|server_tool_use\.",
    re.IGNORECASE,
)
_ALWAYS = "llm.token_count."
"""Every name that begins so is a count."""
_WORD = re.compile(r"\d+[a-z]+|[A-Z]?[a-z]+|[A-Z]+|\d+")
_KINDS = ("modality", "ttl")
"""What the items of a list of counts call their kind."""


def require_known(counts: Iterable[tuple[str, object]]) -> None:
    """Raise `Breach` for the first count that is not 0 and in whose name, dots included, is a kind nobody knows."""
    for name, value in counts:
        if (unknown := unknown_kind(name)) and _counts_something(value):
            reason = f"{name} counts a unit that is not known here ({unknown!r:.60}): {UNKNOWN_UNIT}"
            raise Breach("unknown_unit", reason, name[:100])


@lru_cache(maxsize=4096)
def unknown_kind(name: str) -> str | None:
    """Return the word of a token count's name that is not known; None for a known one and for other names."""
    path = name[begins.end() :] if (begins := _PREFIX.match(name)) else name
    if not (name.startswith(_ALWAYS) or _COUNT.search(path)):
        return None
    return next((word for word in _WORD.findall(path) if word.lower() not in _KNOWN), None)


def counts_within(usage: Mapping[str, Any], path: str = "") -> Iterable[tuple[str, object]]:
    """Yield every value of an object and of those in it, with its path; items of lists with the kind they name."""
    for key, value in usage.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Mapping):
                kinds = (str(item[kind]).lower() for kind in _KINDS if kind in item)
                yield from counts_within(item, ".".join([f"{path}{key}", *kinds, ""]))
            else:
                yield f"{path}{key}", item


def _counts_something(value: object) -> bool:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return False
    return isinstance(value, int | float) and not isinstance(value, bool) and value != 0
