"""How a figure is held against the period before it."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from app_streamlit.formats import Formats
from app_streamlit.texts import Texts
from app_streamlit.usage_report import change


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (112, 100, "▲ 12%"),
        (88, 100, "▼ 12%"),
        (100, 100, "= 0%"),
        (1001, 1000, "≈ 0%"),
        (999, 1000, "≈ 0%"),
        (5, 0, "sin datos del periodo anterior"),
        (None, 5, "sin datos del periodo anterior"),
    ],
)
def test_an_arrow_stands_only_for_a_change_that_shows(now: int | None, before: int, said: str) -> None:
    page: Any = SimpleNamespace(t=Texts("es"), f=Formats("es", "America/Mexico_City"))
    assert change(page, None if now is None else Decimal(now), before).startswith(said)
