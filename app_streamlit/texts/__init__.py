"""Every text a person reads, by language: `es.toml` (written first) and `en.toml`, with the same keys."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

LANGUAGES: Final = {"es": "Español", "en": "English"}


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language."""

    language: str

    def __call__(self, key: str, /, **values: object) -> str:
        """The text named `key` ('finance.title') with its {placeholders} filled; a missing key is a KeyError."""
        text = catalogue(self.language)[key]
        return text.format(**values) if values else text

    def count(self, key: str, number: int, /, **values: object) -> str:
        """The text for `number` things: `key`.one or `key`.other, with {n} filled from `n` or the number."""
        return self(f"{key}.{'one' if number == 1 else 'other'}", **({"n": number} | values))

    def either(self, key: str, fallback: str) -> str:
        """The text named `key`, or `fallback` where the data carries a name nobody has translated."""
        return catalogue(self.language).get(key, fallback)


@cache
def catalogue(language: str) -> dict[str, str]:
    """All texts of a language by dotted key; an unknown language reads Spanish."""
    name = language if language in LANGUAGES else "es"
    with (Path(__file__).parent / f"{name}.toml").open("rb") as file:
        return dict(_flat(tomllib.load(file)))


def _flat(tree: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for name, value in tree.items():
        key = f"{prefix}{name}"
        flat += _flat(value, f"{key}.") if isinstance(value, dict) else [(key, value)]
    return flat
