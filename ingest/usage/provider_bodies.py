"""Response bodies of model APIs, as JSON Lines: the usage as the provider sent it.

    {"id", "response": {model, usage …}, "provider", "api_flavor"[, "timestamp", "user", "agent", "conversation"]}
    {"id", "custom_id", "response": {"body": {model, usage …}}}              what OpenAI's batches put out

The counts are those the price book (genai-prices) extracts for the provider; a body whose provider is not named, or
that the book cannot read, is read by the common spellings. Without a provider the cost is unknown. A body without a
time happened when it arrived, as far as anyone can tell (`timestamp_known` is False).
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from hashlib import blake2b
from typing import Any

import orjson

from ingest.formats import Chunk, Source
from ingest.usage import prices, tiers, values
from ingest.usage.counts import Counts, read
from ingest.usage.lines import BOM, blocks, first_object
from ingest.usage.provider_extracts import extract
from ingest.usage.provider_spellings import BODY_SPELLINGS
from ingest.usage.rows import Rows
from ingest.usage.unit_names import counts_within, require_known
from ingest.usage.values import Breach

UNNAMED = "provider"
"""Source of the bodies that name no provider."""


class ProviderBodies:
    """Format `provider-usage-jsonl`."""

    name = "provider-usage-jsonl"
    domain = "usage"
    version = 1

    def sniff(self, head: bytes) -> bool:
        """Tell by the first line that is an object: it has a response, and is not LiteLLM's record of one."""
        record = first_object(head)
        if record is None:
            # The first line may be longer than what is seen of it.
            begins = head.removeprefix(BOM).lstrip()[:1] == b"{"
            return begins and bool(re.search(rb'"response"\s*:\s*\{', head)) and b'"call_type"' not in head
        return isinstance(record.get("response"), dict) and record.keys().isdisjoint(("resourceSpans", "call_type"))

    def read(self, source: Source) -> Iterator[Chunk]:
        """Read the file by blocks of lines; blank lines are not records."""
        number = 0
        seen: Counter[bytes] = Counter()
        for block in blocks(source.stream):
            rows = Rows()
            for line, text in enumerate(block.data.split(b"\n"), block.line):
                if not text.strip():
                    continue
                number += 1
                add = partial(_add, rows, text, number, line, source, seen, too_long=block.too_long)
                rows.take(number, line, partial(_shown, text), add)
            yield rows.chunk()


def _shown(text: bytes) -> str:
    return text.rstrip(b"\r").decode(errors="replace")


def _object(text: bytes) -> dict[str, Any]:
    try:
        record = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Breach("not_json", f"the line is not valid JSON ({error}): correct or remove it") from error
    if not isinstance(record, dict):
        raise Breach("not_an_object", "the line must be one JSON object with the response of a provider")
    return record


def _add(
    rows: Rows, text: bytes, number: int, line: int, source: Source, seen: Counter[bytes], *, too_long: bool
) -> None:
    if too_long:
        raise Breach("record_too_long", "the line is longer than a body can be: split it")
    body = _object(text)
    response = body.get("response")
    if not isinstance(response, dict):
        raise Breach("missing_value", "the line has no response: give the body the provider sent", "response")
    # A line of what OpenAI's batches put out holds the body one level deeper.
    batch = "custom_id" in body and isinstance(response.get("body"), dict)
    response = response["body"] if batch else response
    named = values.name(body.get("provider"), "provider")
    provider = prices.find_provider(named, None) if named else None
    found = extract(provider, response, body.get("api_flavor")) if provider else None
    model = (found and found.model) or response.get("model") or response.get("modelVersion") or body.get("model")
    counts = found.counts if found else _common(response)
    if counts is None:
        reason = (
            "the response reports no counts in any known spelling: give the body as it was sent, or discard the row"
        )
        raise Breach("no_usage", reason, "response")
    usages = (response.get("usage"), response.get("usageMetadata"), found.usage if found else None)
    for usage in usages:
        require_known(counts_within(usage if isinstance(usage, Mapping) else {}))
    said = [*tiers.said_in(response, *usages), *(tiers.BATCH.items() if batch else ())]
    time = body.get("timestamp")
    rows.add(
        counts,
        priced=named is not None,
        tier=tiers.not_standard(said, model),
        record=number,
        line=line,
        event_id=values.name(body.get("id") or response.get("id"), "event_id") or _content_id(body, seen),
        source=named.lower() if named else UNNAMED,
        timestamp=source.received_at
        if time is None
        else values.possible(values.instant(time, "timestamp"), source.received_at, "timestamp"),
        timestamp_known=time is not None,
        user_email=_lower(values.name(body.get("user"), "user_email")),
        agent=values.name(body.get("agent"), "agent"),
        conversation=values.name(body.get("conversation"), "conversation"),
        provider=_lower(named),
        model=values.name(model, "model"),
        success=True,
    )


def _common(response: dict[str, Any]) -> Counts | None:
    get = partial(values.at, response)
    return next((counts for spelling in BODY_SPELLINGS if (counts := read(get, spelling))), None)


def _content_id(body: dict[str, Any], seen: Counter[bytes]) -> str:
    """Name a body without an id by its content and how often the file has had it before."""
    digest = blake2b(orjson.dumps(body, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
    seen[digest] += 1
    return f"{digest.hex()}-{seen[digest]}"


def _lower(text: str | None) -> str | None:
    return text.lower() if text else None
