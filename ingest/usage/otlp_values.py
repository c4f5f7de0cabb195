"""OTLP attribute lists as plain mappings."""

from typing import Any

_SCALARS = ("stringValue", "boolValue", "doubleValue", "bytesValue")


def attributes_of(listed: object) -> dict[str, Any]:
    """Turn a list of {key, value} into a mapping; what is not one is left out. Integers may come as text."""
    found: dict[str, Any] = {}
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, dict) and isinstance(key := item.get("key"), str):
            found[key] = _value(item.get("value"))
    return found


def _value(value: object) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(value, dict):
        return None
    if "intValue" in value:
        return value["intValue"]
    for name in _SCALARS:
        if name in value:
            return value[name]
    if isinstance(inner := value.get("arrayValue"), dict):
        values = inner.get("values")
        return [_value(item) for item in values] if isinstance(values, list) else []
    if isinstance(inner := value.get("kvlistValue"), dict):
        return attributes_of(inner.get("values"))
    return None
