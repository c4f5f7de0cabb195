"""Whatever stands in an element of a resource, it costs that record at most: never the file, never a balance."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ingest.health.reading import DATA, bundle, read

RESOURCES = [entry["resource"] for entry in json.loads((DATA / "bundle.json").read_text())["entry"]]
RICH = {
    **RESOURCES[14],
    "dosageInstruction": [
        {
            "sequence": 1,
            "timing": {
                "code": {"text": "BID"},
                "repeat": {
                    "boundsDuration": {"value": 3, "code": "d"},
                    "frequency": 2,
                    "period": 1,
                    "periodUnit": "wk",
                    "dayOfWeek": ["mon", "tue"],
                    "timeOfDay": ["08:00:00"],
                },
            },
        },
        {"asNeededCodeableConcept": {"text": "dolor"}, "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "g"}}]},
    ],
    "dispenseRequest": {"validityPeriod": {"start": "2026-01-01"}},
    "identifier": [{"system": "urn:x", "value": "1"}],
}
ALL = [*RESOURCES, RICH]


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from _places(part, (*path, key))


PLACES = [(number, *path) for number, resource in enumerate(ALL) for path in _places(resource)]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=()), max_size=8)
    | st.sampled_from(["2026-02-30", "9999-12-31T23:59:59Z", "#m", "\ud800", "\x00", 1e300, 1e-300, 10**40]),
    lambda parts: (
        st.lists(parts, max_size=2) | st.dictionaries(st.sampled_from(["value", "coding", "reference"]), parts)
    ),
    max_leaves=4,
)


@settings(deadline=None)  # the first reading sets Polars up
@given(st.sampled_from(PLACES), VALUES)
def test_an_element_of_any_shape_costs_its_record_only(place, value):
    resources = copy.deepcopy(ALL)
    holder = resources
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    reading = read(bundle(*resources))
    assert reading.balanced()
    assert reading.read == len(ALL)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_line_is_accounted_for(data):
    lines = json.dumps(RESOURCES[1]).encode() + b"\n" + data.replace(b"\r", b"")
    reading = read(lines)
    assert reading.balanced()
    assert reading.read == 1 + sum(
        bool(line.decode(errors="replace").strip()) for line in data.replace(b"\r", b"").split(b"\n")
    )
