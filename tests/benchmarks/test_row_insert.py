"""A benchmark's figures do not contradict each other without saying so."""

import pytest

from benchmarks.row_insert import Result


@pytest.mark.parametrize(
    ("pairs", "ratio", "is_quiet"),
    [
        ([(1000, 800), (1100, 880), (900, 720)], 0.8, True),
        ([(1000, 800), (500, 400), (250, 200)], 0.8, True),  # slower from round to round, and alike within each
        ([(908, 494), (400, 340), (1000, 900)], 0.85, False),  # the medians, 908 and 494, say 0.54
    ],
)
def test_rates_and_ratios_that_disagree_are_no_result(
    pairs: list[tuple[float, float]], ratio: float, is_quiet: bool
) -> None:
    result = Result(pairs)
    assert result.ratio == pytest.approx(ratio)
    assert result.is_quiet == is_quiet
