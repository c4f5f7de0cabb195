"""The tier in which a call was served, where it is not the one that price lists are of.

Providers charge a batch or a flexible call less, a prioritised or a fast one or one bound to a region more. The price
book has the standard prices only, so the cost of such a call is unknown; what was said of it is kept with its units.
"""

from collections.abc import Iterable, Iterator

from ingest.usage.values import at

_STANDARD = {
    *("standard", "default", "auto", "on_demand", "on-demand", "unspecified", "service_tier_unspecified"),
    *("traffic_type_unspecified", "global", "not_available"),
}
"""Words for what has the listed prices; of where a call was served, those that say nowhere in particular."""
_SAID = {
    "service_tier": ("service_tier", "serviceTier", "serviceTier.type"),
    "inference_geo": ("inference_geo",),
    "traffic_type": ("trafficType",),
    "speed": ("speed",),
}
"""What may be said, and the keys of a response, of its usage or of a request that say it."""
BATCH = {"service_tier": "batch"}


def said_in(*holders: object) -> Iterator[tuple[str, object]]:
    """Yield what objects say of a tier."""
    for holder in holders:
        for name, paths in _SAID.items():
            for path in paths:
                yield name, at(holder, path)


def not_standard(said: Iterable[tuple[str, object]], model: object) -> dict[str, str]:
    """Of what is said, keep what is no word for the standard, nor (`:batch`) what the model is listed for."""
    kept: dict[str, str] = {}
    for name, value in said:
        word = value.strip() if isinstance(value, str) else ""
        if word and word.lower() not in _STANDARD and not str(model).lower().endswith(f":{word.lower()}"):
            kept.setdefault(name, word[:100])
    return kept
