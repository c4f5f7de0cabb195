"""How the token counts of a call are spelled, and their normalisation to inclusive totals.

Vendors and instrumentations differ in names and in what a total includes: OpenAI's input includes what came from the
cache, Anthropic's and Bedrock's exclude it, Gemini's thoughts come on top of its candidates. A `Spelling` says that as
data; `read` turns any of them into the same five counts. A part never exceeds the total that includes it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ingest.usage.values import whole

Get = Callable[[str], object]
"""Look up a value by its name, None where there is none."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """Where a format puts its counts: alternatives in order, of which the first that is there is taken."""

    name: str
    input: tuple[str, ...]
    output: tuple[str, ...]
    cache_read: tuple[str, ...] = ()
    cache_write: tuple[str, ...] = ()
    reasoning: tuple[str, ...] = ()
    input_besides: tuple[str, ...] = ()
    """More input that the input count leaves out, all of it."""
    units: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Units of the price book beyond the five, and where they stand."""
    marks: tuple[str, ...] = ()
    """When given, one of these names must be there for the spelling to apply."""
    only: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    """When given, what the first of each of these names that is there must say for the spelling to apply."""
    total: tuple[str, ...] = ()
    """Input plus output: where it is their plain sum, nothing comes on top of them."""
    cache_on_top: bool = False
    reasoning_on_top: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of one call: inclusive totals, parts within them; `units` has everything when there is more.

    What is not a unit of the price book stands in `units` under `extra`.
    """

    input: int
    output: int
    cache_read: int
    cache_write: int
    reasoning: int
    units: Mapping[str, object] | None = None

    @classmethod
    def within(
        cls,
        *,
        input: int,
        output: int,
        cache_read: int,
        cache_write: int,
        reasoning: int,
        more: Mapping[str, int | float],
    ) -> "Counts":
        """Clamp parts to their inclusive totals, so that no leaf is below 0, and collect the units that are not 0."""
        read = min(cache_read, input)
        write = min(cache_write, input - read)
        thought = min(reasoning, output)
        more = {unit: count for unit, count in more.items() if count}
        core = {
            "input_tokens": input,
            "output_tokens": output,
            "cache_read_tokens": read,
            "cache_write_tokens": write,
            "output_reasoning_tokens": thought,
        }
        units = {unit: count for unit, count in core.items() if count} | more if more else None
        return cls(input, output, read, write, thought, units)


def read(get: Get, spelling: Spelling) -> Counts | None:
    """Read the counts in one spelling, None when neither total is there. Raises `Breach` for a count that is none."""
    if spelling.marks and all(get(name) is None for name in spelling.marks):
        return None
    if any(next((said for n in names if (said := get(n))), None) != word for names, word in spelling.only.items()):
        return None
    total_in, total_out = _first(get, spelling.input), _first(get, spelling.output)
    if total_in is None and total_out is None:
        return None
    read_, write = _first(get, spelling.cache_read) or 0, _first(get, spelling.cache_write) or 0
    thought = _first(get, spelling.reasoning) or 0
    cache_on_top = spelling.cache_on_top and _first(get, spelling.total) != (total_in or 0) + (total_out or 0)
    besides = sum(whole(get(name), name) or 0 for name in spelling.input_besides)
    return Counts.within(
        input=(total_in or 0) + besides + (read_ + write if cache_on_top else 0),
        output=(total_out or 0) + (thought if spelling.reasoning_on_top else 0),
        cache_read=read_,
        cache_write=write,
        reasoning=thought,
        more={unit: _first(get, names) or 0 for unit, names in spelling.units.items()},
    )


def _first(get: Get, names: tuple[str, ...]) -> int | None:
    for name in names:
        value = get(name)
        if value is not None:
            return whole(value, name)
    return None
