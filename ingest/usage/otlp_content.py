"""What was asked and answered in a span: as one attribute, as numbered attributes, or as span events."""

import re
from collections.abc import Mapping
from typing import Any

from ingest.usage import dialects, values
from ingest.usage.otlp_values import attributes_of


def prose_of(span: Mapping[str, Any], attributes: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return prompt and completion of a span, None where it carries none."""
    return (
        _prose(span, attributes, dialects.PROMPT, dialects.PROMPT_PARTS, dialects.PROMPT_EVENTS),
        _prose(span, attributes, dialects.COMPLETION, dialects.COMPLETION_PARTS, dialects.COMPLETION_EVENTS),
    )


def _prose(
    span: Mapping[str, Any],
    attributes: Mapping[str, Any],
    names: tuple[str, ...],
    parts: tuple[str, ...],
    events: Mapping[str, str],
) -> str | None:
    for name in names:
        if attributes.get(name):
            return values.prose(_text(attributes[name]))
    numbered = re.compile("|".join(parts))
    found = [_text(value) for name, value in attributes.items() if numbered.fullmatch(name) and value]
    listed = span.get("events")
    for event in listed if isinstance(listed, list) else ():
        if isinstance(event, dict) and (key := events.get(str(event.get("name")))):
            value = attributes_of(event.get("attributes")).get(key)
            if value:
                found.append(_text(value))
    return values.prose("\n".join(found))


def _text(value: object) -> str:
    return value if isinstance(value, str) else values.json_text(value)
