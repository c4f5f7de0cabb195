"""The events whose cost is unknown, by provider, model and why: each reason asks for something else."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, LiteralString

import psycopg
from psycopg.rows import class_row

from cauce.billing.model_prices import FOLLOWS_PRICES
from ingest.usage.overrides import UNKNOWN, OverrideBook, load_overrides
from ingest.usage.prices import find_model

NOT_LISTED, NO_RATE, NO_PROVIDER = "not_listed", "no_rate", "no_provider"
OTHER_TIER, NO_COUNTS = "other_tier", "no_counts"
WHAT_TO_DO: Final = {
    NOT_LISTED: "no price list knows the model: add its price with `cauce prices add`, then `cauce reprice`",
    NO_RATE: "the model is known, but something that was counted, or that time, has no price: add it the same way",
    NO_PROVIDER: "the response named no provider: `cauce undo` its batch, add `provider` to its lines, load it again",
    OTHER_TIER: "served in another tier than the standard one, which price lists are of:"
    " the provider's report has its cost",
    NO_COUNTS: "no tokens were counted: the call failed, or is paid by the page, the image or the second;"
    " the provider's report has its cost",
}
"""Why a cost is unknown, in words, and what helps."""
PRICEABLE: Final = frozenset({NOT_LISTED, NO_RATE})
"""The reasons for which a price helps."""

_UNKNOWN: LiteralString = f"""
SELECT coalesce(provider, '{UNKNOWN}') AS provider, model,
  CASE WHEN {FOLLOWS_PRICES} THEN '{NOT_LISTED}'
    WHEN total_tokens = 0 THEN '{NO_COUNTS}'
    WHEN provider IS NULL THEN '{NO_PROVIDER}' ELSE '{OTHER_TIER}' END AS reason,
  count(*) AS events, sum(total_tokens)::bigint AS tokens, min(timestamp) AS first_seen, max(timestamp) AS last_seen
FROM usage_logs WHERE total_cost IS NULL
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3
"""  # noqa: S608 - written in this module


@dataclass(frozen=True, slots=True)
class UnknownCost:
    """Events of a provider and model whose cost is unknown for the same reason, a key of `WHAT_TO_DO`."""

    provider: str
    model: str
    reason: str
    events: int
    tokens: int
    first_seen: datetime
    last_seen: datetime


def unknown_costs(conn: psycopg.Connection) -> list[UnknownCost]:
    """Every event of unknown cost that is not archived, those with the most events first."""
    with conn.cursor(row_factory=class_row(UnknownCost)) as cursor:
        found = cursor.execute(_UNKNOWN).fetchall()
    book = load_overrides(conn)
    return [replace(one, reason=NO_RATE) if one.reason == NOT_LISTED and _is_known(one, book) else one for one in found]


def _is_known(one: UnknownCost, book: OverrideBook) -> bool:
    """Tell whether the price list has the model, or a price of our own was in force between its events."""
    provider = None if one.provider == UNKNOWN else one.provider
    if find_model(provider, one.model) is not None:
        return True
    own = [book.overrides[number] for number in book.meaning(provider, one.model)]
    return any(p.valid_from <= one.last_seen and (p.valid_to is None or p.valid_to > one.first_seen) for p in own)
