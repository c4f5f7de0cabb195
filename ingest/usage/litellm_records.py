"""One record of a LiteLLM log as a usage event.

Sources: LiteLLM's `StandardLoggingPayload` (litellm/types/utils.py) and `SpendLogsPayload` (litellm/proxy/_types.py),
and logs that LiteLLM 1.106 wrote. Its counts are inclusive for every provider, because it adds Anthropic's cached
input to the input and Gemini's thoughts to the output.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson

from ingest.usage import prices, tiers, values
from ingest.usage.counts import Counts, Spelling, read
from ingest.usage.events import MAX_DURATION
from ingest.usage.rows import Rows
from ingest.usage.unit_names import counts_within, require_known
from ingest.usage.values import Breach

SOURCE = "litellm"
FREE = "litellm cache hit"
"""Price version of an answer out of LiteLLM's own cache."""
PROVIDERS = {
    **dict.fromkeys(("azure_ai", "azure_text"), "azure"),
    "fireworks_ai": "fireworks",
    **dict.fromkeys(("codestral", "text-completion-codestral"), "mistral"),
    "custom_openai": "openai",
}
"""LiteLLM's names of providers that the price book does not know by theirs."""

SPELLING = Spelling(
    "LiteLLM",
    input=("prompt_tokens", "input_tokens"),
    output=("completion_tokens", "output_tokens"),
    cache_read=("prompt_tokens_details.cached_tokens", "cache_read_input_tokens", "input_tokens_details.cached_tokens"),
    cache_write=(
        "cache_creation_input_tokens",
        "prompt_tokens_details.cache_creation_tokens",
        "prompt_tokens_details.cache_write_tokens",
    ),
    reasoning=("completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens"),
    units={
        "cache_write_1h_tokens": ("prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens",),
        "input_audio_tokens": ("prompt_tokens_details.audio_tokens",),
        "output_audio_tokens": ("completion_tokens_details.audio_tokens",),
        "web_searches": ("prompt_tokens_details.web_search_requests", "server_tool_use.web_search_requests"),
    },
)

_METADATA = (
    *("usage_object", "additional_usage_values", "status", "spend_logs_metadata"),
    *("user_api_key_alias", "user_api_key_user_id", "user_api_key_user_email", "user_api_key_end_user_id"),
)
_KEPT = (
    *("id", "request_id", "call_type", "startTime", "endTime", "model", "custom_llm_provider", "cache_hit", "status"),
    *("end_user", "user", "session_id", "trace_id", "spend", "response_cost", "error_str"),
    *("prompt_tokens", "completion_tokens", "total_tokens"),
)
_CONTENT = re.compile(
    r'\\?"(messages|response|proxy_server_request|model_parameters|metadata|input|output)\\?"\s*:', re.IGNORECASE
)
_CACHE_HIT = re.compile(r"_cache_hit[\d.]*$")


def add(rows: Rows, record: object, number: int, line: int | None, received_at: datetime) -> None:
    """Add the event a record tells of. Raises `Breach` when it cannot be one."""
    if not isinstance(record, dict):
        raise Breach("not_an_object", "a record must be a JSON object of LiteLLM's log")
    record = _opened(record)
    event_id = values.name(record.get("request_id") or record.get("id"), "event_id")
    if event_id is None:
        raise Breach("missing_value", "the record has no request_id (spend log) or id (callback)", "request_id")
    start, duration = _times(record, received_at)
    model, provider = _model(record)
    counts = _counts(record)
    if model is None and not (counts and (counts.input or counts.output)):
        rows.ignore("call without a model")
        return
    cached = _is_cache_hit(record, event_id)
    if cached:
        # Each log appends the moment it was written; the call itself began at one.
        event_id = f"{_CACHE_HIT.sub('', event_id)}_cache_hit{int(start.timestamp() * 1000)}"
        counts = _saved(counts)
    failed, message = _failure(record)
    user = _user(record)
    rows.add(
        counts,
        priced=_is_metered(counts, record),
        tier=None if cached else tiers.not_standard(_tier(record), model),
        free=FREE if cached else None,
        record=number,
        line=line,
        event_id=values.name(event_id, "event_id"),
        source=SOURCE,
        timestamp=start,
        timestamp_known=True,
        user_email=user.lower() if user else None,
        agent=_agent(record["metadata"]),
        conversation=values.name(record.get("session_id") or record.get("trace_id"), "conversation"),
        provider=provider,
        model=model,
        duration=duration,
        success=not failed,
        error_message=message,
    )


def without_content(record: object) -> str:
    """Return a record with nothing but what is read of it, fit to be read again."""
    if not isinstance(record, dict):
        return f"a record that is {type(record).__name__}"
    record = _opened(record)
    kept: dict[str, Any] = {key: record[key] for key in _KEPT if key in record}
    kept["metadata"] = {key: record["metadata"][key] for key in _METADATA if key in record["metadata"]}
    if error := _error(record):
        kept["error_information"] = error
    if key := _model_key(record):
        kept["model_map_information"] = {"model_map_key": key}
    if usage := _object(record.get("hidden_params")).get("usage_object"):
        kept["hidden_params"] = {"usage_object": usage}
    asked = _object(record.get("model_parameters"))
    if parameters := {key: asked[key] for key in ("user", "service_tier") if asked.get(key)}:
        kept["model_parameters"] = parameters
    return values.json_text(kept)


def before_content(text: str) -> str:
    """Return the beginning of a text that cannot be read, up to where somebody's words may begin."""
    found = _CONTENT.search(text)
    if not text.lstrip().startswith("{"):
        return "…"
    return f"{text[: found.start()]}…" if found else text


def _opened(record: Mapping[str, Any]) -> dict[str, Any]:
    return {**record, "metadata": _object(record.get("metadata"))}


def _object(value: object) -> Mapping[str, Any]:
    """Read a JSON object, also one written as text inside JSON; empty where it is none."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return {}
    return value if isinstance(value, dict) else {}


def _times(record: Mapping[str, Any], received_at: datetime) -> tuple[datetime, int | None]:
    start = _moment(record.get("startTime"), "startTime")
    if start is None:
        raise Breach("missing_value", "startTime is required", "startTime")
    values.possible(start, received_at, "startTime")
    # The proxy's database keeps milliseconds, a callback has more: one call has one time.
    known = start.replace(microsecond=start.microsecond // 1000 * 1000)
    end = _moment(record.get("endTime"), "endTime")
    if end is None:
        return known, None
    if end < start:
        raise Breach("bad_time", "endTime is before startTime", "endTime")
    duration = int((end - start).total_seconds() * 1000)
    if duration > MAX_DURATION:
        raise Breach("bad_time", f"the call lasts more than {MAX_DURATION} ms", "endTime")
    return known, duration


def _moment(value: object, column: str) -> datetime | None:
    """Read seconds since 1970, or a time as text; LiteLLM's database keeps UTC without saying so."""
    if value in (None, ""):
        return None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            time = datetime.fromisoformat(value)
            return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise Breach("not_a_timestamp", f"{column} must be a time or seconds since 1970, not {value!r:.60}", column)


def _model(record: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return model and provider: the first of LiteLLM's names that the price book knows, else what was called."""
    called = values.name(record.get("model"), "model")
    provider = values.name(record.get("custom_llm_provider"), "provider")
    if provider is None and called and "/" in called:
        prefix, _, rest = called.partition("/")
        if prefix.lower() in PROVIDERS or prices.find_provider(prefix.lower(), None):
            provider, called = prefix, rest
    provider = provider.lower() if provider else None
    names = [called, values.name(_model_key(record), "model")]
    plain = [name.removeprefix(f"{provider}/") for name in names if name]
    mapped = PROVIDERS.get(provider, provider) if provider else None
    # An Azure deployment is called as its owner likes; LiteLLM knows which model it is.
    known = next((name for name in plain if prices.find_model(mapped, name)), None)
    return known or next(iter(plain), None), mapped


def _model_key(record: Mapping[str, Any]) -> object:
    places = (record, record["metadata"])
    return next((key for of in places if (key := _object(of.get("model_map_information")).get("model_map_key"))), None)


def _counts(record: Mapping[str, Any]) -> Counts | None:
    metadata = record["metadata"]
    totals = {name: record.get(name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
    more = totals | {**_object(metadata.get("additional_usage_values"))}
    hidden = _object(_object(record.get("hidden_params")).get("usage_object"))
    for usage in (_object(metadata.get("usage_object")), hidden, more):
        if (counts := read(partial(values.at, usage), SPELLING)) is not None:
            require_known(counts_within(usage))
            return counts
    return None


def _tier(record: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield what the usage, or else the request, says of the tier; to get a batch counts all that was in it."""
    metadata, hidden = record["metadata"], _object(record.get("hidden_params"))
    reported = [_object(of.get("usage_object")) for of in (metadata, hidden)]
    yield from tiers.said_in(*reported, _object(metadata.get("additional_usage_values")))
    if not any(usage.get("service_tier") for usage in reported):
        yield from tiers.said_in(_object(record.get("model_parameters")))
    if str(record.get("call_type")).endswith("_batch"):
        yield from tiers.BATCH.items()


def _is_metered(counts: Counts | None, record: Mapping[str, Any]) -> bool:
    """Tell whether the counts say what the call cost; pages, images and seconds come with a price and no token."""
    if counts is None:
        return False
    return bool(counts.input or counts.output) or not (record.get("spend") or record.get("response_cost"))


def _is_cache_hit(record: Mapping[str, Any], event_id: str) -> bool:
    return str(record.get("cache_hit")).lower() == "true" or _CACHE_HIT.search(event_id) is not None


def _saved(counts: Counts | None) -> Counts:
    """Return the counts of an answer no provider was asked for: none, with what was saved kept aside."""
    aside = {"saved_input_tokens": counts.input, "saved_output_tokens": counts.output} if counts else {}
    return Counts(0, 0, 0, 0, 0, {"extra": {"cache_hit": True, **aside}})


def _user(record: Mapping[str, Any]) -> str | None:
    """Return whose call it was: the application's user before the key's, an address before another name."""
    metadata = record["metadata"]
    named = (
        record.get("end_user"),
        metadata.get("user_api_key_end_user_id"),
        record.get("user"),
        metadata.get("user_api_key_user_id"),
        metadata.get("user_api_key_user_email"),
        _object(record.get("model_parameters")).get("user"),
    )
    names = [name for value in named if (name := values.name(value, "user_email"))]
    return next((name for name in names if "@" in name), next(iter(names), None))


def _agent(metadata: Mapping[str, Any]) -> str | None:
    """Return what the caller said of itself for the log (`spend_logs_metadata`), else its key's name."""
    said = _object(metadata.get("spend_logs_metadata")).get("agent")
    return values.name(said or metadata.get("user_api_key_alias"), "agent")


def _failure(record: Mapping[str, Any]) -> tuple[bool, str | None]:
    failed = "failure" in (record.get("status"), record["metadata"].get("status"))
    error = _error(record)
    said = record.get("error_str") or error.get("error_message")
    parts = [str(part) for part in (error.get("error_class"), said) if part]
    return failed, values.prose(": ".join(parts)) if failed else None


def _error(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return class and message of an error, without its traceback."""
    found = _object(record.get("error_information")) or _object(record["metadata"].get("error_information"))
    return {key: found[key] for key in ("error_class", "error_message") if found.get(key)}
