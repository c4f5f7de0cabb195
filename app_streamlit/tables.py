"""Tables and charts with their figures beside them: everything shown can also be read and downloaded."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

import altair as alt
import polars as pl
import streamlit as st

from app_streamlit.downloads import offer
from app_streamlit.formats import Formats
from app_streamlit.page import Page

_HEIGHT_OF_MANY: Final = 420
_MANY: Final = 11


@dataclass(frozen=True, slots=True)
class Column:
    """How a column is shown: key of its heading, kind (a name in `_KINDS`), the `texts` that name its codes, whether it
    stays in sight when the others are scrolled, and whether a missing number is a dash: then it sorts as text."""

    heading: str
    kind: str = "text"
    texts: str | None = None
    pinned: bool = False
    dash: bool = False


def _money(f: Formats, value: Decimal) -> str:
    return f.number(value, 2)


_KINDS: Final[Mapping[str, Callable[[Formats, Any], str]]] = {
    "text": lambda _f, value: str(value),
    "count": lambda f, value: f.number(value),
    "money": _money,
    "cost": lambda f, value: f.cost(value),
    "price": lambda f, value: f.price(value),
    "bytes": lambda f, value: f.size(value),
    "percent": lambda f, value: f.percent(value),
    "rate": lambda f, value: f.percent(value, 2),
    "seconds": lambda f, value: f"{f.number(value, 2)} s",
    "figure": lambda _f, value: str(value),
    "link": lambda _f, value: str(value),
    "decimal": lambda f, value: f.number(value, 1),
    "date": lambda f, value: f.date(value),
    "month": lambda f, value: f.month(value),
    "instant": lambda f, value: f.instant(value),
    "utc": lambda f, value: f.utc(value),
}
_RIGHT: Final = frozenset(
    {"figure", "count", "money", "cost", "percent", "rate", "seconds", "decimal", "price", "bytes"}
)


def table(
    page: Page,
    frame: pl.DataFrame,
    columns: Mapping[str, Column],
    name: str,
    *,
    missing: str = "—",
    on_choose: Callable[[int], None] | None = None,
    key: str = "",
    exact: pl.DataFrame | None = None,
) -> None:
    """Show the named columns in the person's formats, sortable by value, with a CSV download called `name`.

    With `on_choose` a row can be chosen: it is called with the row's number in the frame. Another `key` is another
    table, in which nothing is chosen yet. A column of the kind link holds addresses of pages. `exact` is what the CSV
    holds instead, where what is shown is already words.
    """
    shown = frame.select(columns.keys()).to_pandas()
    for column, how in columns.items():
        if how.texts is not None:
            shown[column] = [page.t.either(f"{how.texts}.{value}", str(value)) for value in frame[column]]
        elif frame[column].dtype == pl.Utf8:
            shown[column] = frame[column].to_list()
        elif isinstance(frame[column].dtype, pl.Decimal):
            shown[column] = [float("nan") if value is None else float(value) for value in frame[column]]
    formats: dict[str, Callable[[object], str]] = {
        column: _formatter(page.f, how.kind, missing) for column, how in columns.items()
    }
    for column, how in columns.items():
        # Streamlit writes None for a missing number, whatever its format: such a column is text.
        if how.dash and frame[column].null_count():
            shown[column] = [formats[column](value) for value in frame[column]]
            formats[column] = str
    height: int | Literal["content"] = _HEIGHT_OF_MANY if frame.height > _MANY else "content"

    def choose() -> None:
        if on_choose is not None and (rows := st.session_state[key]["selection"]["rows"]):
            on_choose(rows[0])

    st.dataframe(
        shown.style.format(formats),
        hide_index=True,
        height=height,
        column_config={
            column: st.column_config.LinkColumn(page.t(how.heading), display_text=page.t("table.open"))
            if how.kind == "link"
            else st.column_config.Column(
                page.t(how.heading),
                alignment="right" if how.kind in _RIGHT else "left",
                pinned=how.pinned,
                width=_width(shown[column]) if how.texts is not None else None,
            )
            for column, how in columns.items()
        },
        placeholder=missing,
        key=key or None,
        on_select="ignore" if on_choose is None else choose,
        selection_mode="single-row",
    )
    download(page, frame.select(columns.keys()) if exact is None else exact, name)


def _width(words: Iterable[str]) -> int | None:
    """Pixels for the longest of the words: Streamlit measures a few rows only, and cuts what comes later."""
    longest = max((len(word) for word in words), default=0)
    return longest * 7 + 20 if longest > 12 else None


def chart(
    page: Page,
    figure: alt.Chart | alt.LayerChart,
    frame: pl.DataFrame,
    columns: Mapping[str, Column],
    name: str,
    *,
    alt_text: str,
) -> None:
    """Show a chart, and behind a second tab the figures it draws with their download."""
    drawn, figures = st.tabs([page.t("table.chart"), page.t("table.table")])
    with drawn:
        st.altair_chart(figure, alt=alt_text)
    with figures:
        table(page, frame, columns, name)


def download(page: Page, frame: pl.DataFrame, name: str) -> None:
    """Offer the rows as CSV, exact and unformatted; the byte order mark lets spreadsheets read accents."""
    offer(
        page,
        page.t("table.download"),
        lambda: b"\xef\xbb\xbf" + _safe(frame).write_csv().encode(),
        "EXPORT_TABLE",
        file_name=f"cauce-{name}.csv",
        mime="text/csv",
        key=f"download-{name}",
        icon=":material/download:",
        look="tertiary",
    )


def _safe(frame: pl.DataFrame) -> pl.DataFrame:
    """Keep a spreadsheet from running text that begins like a formula."""
    risky = pl.col(pl.Utf8).str.contains(r"^[=+\-@\t\r]")
    return frame.with_columns(pl.when(risky).then("'" + pl.col(pl.Utf8)).otherwise(pl.col(pl.Utf8)).name.keep())


def _formatter(f: Formats, kind: str, missing: str) -> Callable[[object], str]:
    write = _KINDS[kind]

    def formatted(value: object) -> str:
        # A missing number reaches here as NaN, which alone is not equal to itself.
        if value is None or value != value:
            return missing
        if isinstance(value, datetime) and kind == "date":
            value = value.date()
        return write(f, value)

    return formatted
