"""Prices of our own, which stand before those of the price book while they are in force.

An override names a provider and a model and gives some prices; what it does not price keeps the book's own price for
that unit, and a part that has none is charged like the total that contains it, as everywhere. Both names are written in
lower case. A model that ends with `*` means every model whose name begins so: an exact name comes before any such
pattern, a longer pattern before a shorter one. The provider `unknown` means events of which none is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import polars as pl
import psycopg
from genai_prices.types import ModelPrice, TieredPrices

from cauce.models.usage import PRICES

UNKNOWN = "unknown"
"""What stands for a provider, or in a stored row for a model, that nobody named."""
OVERRIDE = "override:"
"""How the version of a price of our own begins; its id follows."""

_REQUEST = "request_price"
_KEYS = {
    **{price: price.replace("_price", "_mtok") for price in PRICES},
    "reasoning_price": "output_reasoning_mtok",
    _REQUEST: "requests_kcount",
}
_PER_THOUSAND = 1000
# The book prices a part only beside the whole it is of, and audio of a part only beside both.
_WHOLES = (("cache_write_1h_mtok", "cache_write_mtok"), ("cache_write_mtok", "input_mtok"))
_AUDIO = {
    "input_audio_mtok": {
        "cache_read_mtok": "cache_audio_read_mtok",
        "cache_write_mtok": "cache_audio_write_mtok",
        "cache_write_1h_mtok": "cache_audio_write_1h_mtok",
    },
    "output_audio_mtok": {"output_reasoning_mtok": "output_audio_reasoning_mtok"},
}


@dataclass(frozen=True, slots=True)
class Override:
    """A row of `model_prices`; in force from `valid_from` until before `valid_to`. Prices in USD, by column."""

    id: UUID
    provider: str
    model: str
    valid_from: datetime
    valid_to: datetime | None
    prices: tuple[tuple[str, Decimal], ...]

    @property
    def version(self) -> str:
        """What the events that it prices say of their price."""
        return f"{OVERRIDE}{self.id}"

    @property
    def is_pattern(self) -> bool:
        """Tell whether the model is the beginning of names."""
        return self.model.endswith("*")

    def means(self, provider: str | None, model: str | None) -> bool:
        """Tell whether an event of this provider and model is priced by it, at its time."""
        if self.provider != (provider or UNKNOWN).lower():
            return False
        name = (model or UNKNOWN).lower()
        return name.startswith(self.model[:-1]) if self.is_pattern else name == self.model

    def over(self, listed: ModelPrice) -> ModelPrice:
        """Return the listed prices with those of the override in their place."""
        own = {_KEYS[name]: price * _PER_THOUSAND if name == _REQUEST else price for name, price in self.prices}
        merged: dict[str, Decimal | TieredPrices | None] = {
            key: price for key, price in vars(listed).items() if price is not None and not key.startswith("_")
        } | own
        for part, whole in _WHOLES:
            if part in merged and merged.get(whole) is None and merged.get("input_mtok") is not None:
                merged[whole] = merged["input_mtok"]
        for audio, joins in _AUDIO.items():
            if audio in own:
                for part, join in joins.items():
                    if part in merged:
                        merged.setdefault(join, merged[part])
        return ModelPrice(**merged)


class OverrideBook:
    """Every override, those that come first first. It does not change: one load prices all its events by one book."""

    def __init__(self, overrides: Sequence[Override] = ()) -> None:
        """Put the overrides into their order."""
        self.overrides = tuple(sorted(overrides, key=lambda o: (o.is_pattern, -len(o.model), o.valid_from)))
        self.meaning = lru_cache(maxsize=20_000)(self._meaning)

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self.overrides)

    def _meaning(self, provider: str | None, model: str | None) -> tuple[int, ...]:
        """Return the numbers of the overrides that mean a model, whenever they are in force, the first first."""
        return tuple(n for n, override in enumerate(self.overrides) if override.means(provider, model))

    def in_force(self, names: Sequence[tuple[str | None, str | None]], which: str, at: str) -> pl.Expr:
        """Return the number of the override in force for each row, null where there is none.

        The column `which` holds the row's place in `names` (provider, model), the column `at` its instant.
        """
        pairs: dict[int, list[int]] = {}
        for place, (provider, model) in enumerate(names):
            for number in self.meaning(provider, model):
                pairs.setdefault(number, []).append(place)
        hits = []
        for number in sorted(pairs):
            override = self.overrides[number]
            hit = pl.col(which).is_in(pairs[number]) & (pl.col(at) >= override.valid_from)
            if override.valid_to is not None:
                hit &= pl.col(at) < override.valid_to
            hits.append(pl.when(hit).then(pl.lit(number, dtype=pl.Int64)))
        return pl.coalesce(hits) if hits else pl.lit(None, dtype=pl.Int64)


NO_OVERRIDES = OverrideBook()


def load_overrides(conn: psycopg.Connection) -> OverrideBook:
    """Read the overrides as they are now; those that are in force for no instant are left out."""
    rows = conn.execute(
        f"SELECT id, provider, model, valid_from, valid_to, {', '.join(PRICES)} FROM model_prices"  # noqa: S608 - names of this module
        " WHERE valid_to IS NULL OR valid_to > valid_from"
    ).fetchall()
    return OverrideBook([_override(row) for row in rows])


def _override(row: tuple[Any, ...]) -> Override:
    number, provider, model, valid_from, valid_to, *amounts = row
    return Override(
        id=number,
        provider=provider,
        model=model,
        valid_from=valid_from.astimezone(UTC),
        valid_to=valid_to and valid_to.astimezone(UTC),
        prices=tuple((name, price) for name, price in zip(PRICES, amounts, strict=True) if price is not None),
    )
