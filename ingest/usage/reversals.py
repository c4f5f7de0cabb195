"""Records of our own files that take an event back: `reverses` names it, `user` may say whose it is.

Nothing else of such a record is read: what is taken back is the event as it was loaded.
"""

import polars as pl

KIND = "reversal"
"""The record kind of the frames in a chunk."""
COLUMN = "reverses"


def split(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """The records that are events, and those that take one back (None when there are none); both with `row`.

    `row` is the place in `frame`. Mostly all are events, and the column is looked at and no more.
    """
    numbered = frame.with_row_index("row")
    column = frame[COLUMN]
    if column.null_count() == frame.height:
        return numbered, None
    back = column.cast(pl.String).str.strip_chars().fill_null("") != ""
    return (numbered.filter(~back), numbered.filter(back)) if back.any() else (numbered, None)


def canonical(read: pl.DataFrame, source: str) -> pl.DataFrame:
    """The columns of the staging table, of records without a breach."""
    return read.select("record", "line", pl.lit(source).alias("source"), COLUMN, pl.col("user").alias("user_email"))
