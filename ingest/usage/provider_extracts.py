"""Counts of a response where the price book (genai-prices) says that its provider puts them.

The book has paths for each kind of answer of a provider, its `api_flavor`. Where a body does not say which it is, the
default one is tried first, then the others in the book's order; one that reads all of that and more comes before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genai_prices.data_units import unit_data
from genai_prices.types import ArrayMatch, Provider, UsageExtractor

from ingest.usage.counts import Counts
from ingest.usage.pricing import CORE_UNITS
from ingest.usage.values import Breach, units_of, whole

_DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Extract:
    """What a response reports: its model, its counts, the object they stand in and the paths that were read."""

    model: str | None
    counts: Counts
    usage: Mapping[str, Any]
    paths: frozenset[str]


def extract(provider: Provider, response: Mapping[str, Any], flavor: object) -> Extract | None:
    """Read a response, None where the book cannot. Raises `Breach` for a count or a flavor that is none."""
    best: Extract | None = None
    for extractor in _extractors(provider, flavor):
        found = _extracted(extractor, response)
        if found is not None and (best is None or found.paths > best.paths):
            best = found
    return best


def _extractors(provider: Provider, flavor: object) -> list[UsageExtractor]:
    known = provider.extractors or []
    if flavor in (None, "", _DEFAULT):
        return sorted(known, key=lambda extractor: extractor.api_flavor != _DEFAULT)
    named = [extractor for extractor in known if extractor.api_flavor == flavor]
    if known and not named:
        names = ", ".join(extractor.api_flavor for extractor in known)
        reason = f"{provider.id} has no api_flavor {flavor!r:.60}: write one of {names}, or leave it out"
        raise Breach("unknown_flavor", reason, "api_flavor")
    return named


def _extracted(extractor: UsageExtractor, response: Mapping[str, Any]) -> Extract | None:
    usage = _at(response, extractor.root)
    if not isinstance(usage, Mapping):
        return None
    mappings = [mapping for mapping in extractor.mappings if mapping.dest in unit_data]
    read = [(mapping.dest, _dotted(mapping.path), _at(usage, mapping.path)) for mapping in mappings]
    if any(mapping.required and value is None for mapping, (_, _, value) in zip(mappings, read, strict=True)):
        return None
    sums: dict[str, int | float] = {}
    for unit, path, value in read:
        if (count := units_of(unit, value, path)) is not None:
            sums[unit] = sums.get(unit, 0) + count
    if not sums:
        return None
    core = [whole(sums.pop(unit, 0), unit) or 0 for unit in CORE_UNITS]
    total_in, total_out, cache_read, cache_write, reasoning = core
    model = _at(response, extractor.model_path)
    root = _dotted(extractor.root)
    return Extract(
        model=model if isinstance(model, str) else None,
        counts=Counts.within(
            input=total_in,
            output=total_out,
            cache_read=cache_read,
            cache_write=cache_write,
            reasoning=reasoning,
            more=sums,
        ),
        usage=usage,
        paths=frozenset(f"{root}.{path}" for _, path, value in read if value is not None),
    )


def _at(value: object, path: str | Sequence[str | ArrayMatch]) -> object:
    for step in _steps(path):
        if isinstance(step, ArrayMatch):
            value = (
                step.extract([item for item in value if isinstance(item, Mapping)]) if isinstance(value, list) else None
            )
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _dotted(path: str | Sequence[str | ArrayMatch]) -> str:
    return ".".join(step if isinstance(step, str) else str(getattr(step.match, "equals", "*")) for step in _steps(path))


def _steps(path: str | Sequence[str | ArrayMatch]) -> Sequence[str | ArrayMatch]:
    return [path] if isinstance(path, str) else path
