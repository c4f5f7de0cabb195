"""Rows of the formats that are read record by record, and the chunk they make."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import polars as pl

from ingest.formats import Chunk, Rejection
from ingest.usage.counts import Counts
from ingest.usage.events import KIND, SCHEMA, canonical, with_content_hash
from ingest.usage.pricing import COSTS, price
from ingest.usage.values import Breach, attempt

_SCHEMA = {**SCHEMA, "priced": pl.Boolean(), "free": pl.String()}


@dataclass(slots=True)
class Rows:
    """What has been read of a file since the last chunk; `raw` gives the text of a record by its ordinal."""

    events: list[dict[str, Any]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    ignored: dict[str, int] = field(default_factory=dict)
    raw: dict[int, Callable[[], str]] = field(default_factory=dict)

    @property
    def read(self) -> int:
        """How many records it accounts for."""
        return len(self.events) + len(self.rejections) + sum(self.ignored.values())

    def take(self, number: int, line: int | None, text: Callable[[], str], add: Callable[[], None]) -> None:
        """Account for one record: `add` makes an event of it, ignores it, or cannot; `text` gives it as it was read."""
        self.raw[number] = text
        if isinstance(breach := attempt(add), Breach):
            self.rejections.append(Rejection(number, line, breach.column, breach.rule, breach.reason, text()))

    def add(
        self,
        counts: Counts | None,
        *,
        priced: bool,
        free: str | None = None,
        tier: Mapping[str, str] | None = None,
        **columns: Any,  # noqa: ANN401 - canonical columns
    ) -> None:
        """Add an event; `priced` is False where its cost is unknown whatever the price book says, as it is in a `tier`.

        `free` is the rule, named as its price version, by which it costs nothing whatever the book says.
        """
        counts = counts or Counts(0, 0, 0, 0, 0)
        units = {**(counts.units or {}), "extra": tier} if tier else counts.units
        self.events.append(
            {
                **columns,
                "tokens_input": counts.input,
                "tokens_output": counts.output,
                "tokens_cache_read": counts.cache_read,
                "tokens_cache_write": counts.cache_write,
                "tokens_reasoning": counts.reasoning,
                "units": orjson.dumps(units, option=orjson.OPT_SORT_KEYS).decode() if units else None,
                "priced": priced and not tier,
                "free": free,
            }
        )

    def ignore(self, kind: str) -> None:
        """Count a record of a kind the domain does not take."""
        self.ignored[kind] = self.ignored.get(kind, 0) + 1

    def chunk(self) -> Chunk:
        """Hash and price the events and make the chunk."""
        frame = with_content_hash(pl.DataFrame(self.events, schema=_SCHEMA))
        free = pl.col("free").is_not_null()
        frame = frame.with_columns((~pl.col("priced") | free).alias("unpriced"))
        nothing = [pl.lit(0).alias(name) for name in ("cost_input", "cost_output", "total_cost")]
        events = pl.concat(
            [
                canonical(price(frame.filter(~pl.col("unpriced")).drop(COSTS))),
                canonical(frame.filter(~pl.col("priced") & ~free)),
                canonical(frame.filter(free).with_columns(*nothing, pl.col("free").alias("price_version"))),
            ]
        ).sort("record")
        raw: Mapping[int, Callable[[], str]] = self.raw

        def texts(records: Sequence[int]) -> list[str]:
            return [raw[number]() for number in records]

        return Chunk({KIND: events}, self.rejections, self.ignored, texts)
