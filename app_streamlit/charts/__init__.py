"""Charts: each function turns a frame into a figure and computes nothing."""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

import altair as alt
import polars as pl

HEIGHT: Final = 300
_LABELS: Final[dict[str, dict[str, Any]]] = {
    "es": {
        "days": ["domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado"],
        "shortDays": ["dom", "lun", "mar", "mié", "jue", "vie", "sáb"],
        "months": [
            "enero", "febrero", "marzo", "abril", "mayo", "junio",
            "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
        ],
        "shortMonths": ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"],
        "dateTime": "%A, %e de %B de %Y, %X", "date": "%d/%m/%Y", "time": "%H:%M:%S", "periods": ["AM", "PM"],
    },
}  # fmt: skip


def finish(figure: Any, language: str, height: int = HEIGHT) -> Any:  # noqa: ANN401 - a chart of any of Altair's kinds
    """Set the height and the language of a figure's axes."""
    figure = figure.properties(height=height)
    if language in _LABELS:
        figure = figure.configure(locale=alt.Locale(time=alt.TimeLocale(**_LABELS[language])))
    return figure


def day_axis(column: str, title: str | None = None) -> alt.X:
    """A horizontal axis of days, read as they are written whatever the browser's zone."""
    return alt.X(
        f"{column}:T",
        timeUnit="utcyearmonthdate",
        title=title,
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(format="%e %b", grid=False, labelOverlap=True, tickCount=8),
    )


def with_label(frame: pl.DataFrame, column: str, write: Callable[[date], str]) -> pl.DataFrame:
    """The frame with `label`: the day in `column` as text."""
    return frame.with_columns(pl.Series("label", [write(day) for day in frame[column]], dtype=pl.Utf8))


def floats(frame: pl.DataFrame) -> pl.DataFrame:
    """Exact decimals as floats: a figure has no more than screen precision."""
    return frame.with_columns(pl.col(pl.Decimal).cast(pl.Float64))
