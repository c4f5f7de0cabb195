"""Columns of written times → instants, many at once."""

import polars as pl

_WRITTEN = r"^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?(\.\d{1,9})?\s*(Z|z|[+-]\d{2}:?\d{2})?$"
_YEARS = (1900, 2199)


def instants(column: str, timezone: str) -> pl.Expr:
    """Read a text column of RFC 3339 times; one without an offset is on the clock of `timezone` (IANA).

    Null where it is no time. Of a time the clock shows twice the first is meant; one it never shows is an hour later.
    """
    groups = pl.col(column).str.extract_groups(_WRITTEN).struct
    parts = [groups.field(str(group)) for group in range(1, 6)]
    written = pl.concat_str(
        parts[0], pl.lit("T"), parts[1], parts[2].fill_null(":00"), parts[3].fill_null(".0").str.slice(0, 7)
    )
    naive = written.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    offset = parts[4].str.replace(":", "").str.replace("(?i)z", "+0000")
    hours, minutes = (offset.str.slice(start, 2).cast(pl.Int64, strict=False) for start in (1, 3))
    sign = pl.when(offset.str.starts_with("-")).then(-1).otherwise(1)
    told = (naive - pl.duration(minutes=sign * (hours * 60 + minutes))).dt.replace_time_zone("UTC")
    on_clock = pl.coalesce(
        naive.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null"),
        (naive + pl.duration(hours=1)).dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null"),
    ).dt.convert_time_zone("UTC")
    legal = naive.dt.year().is_between(*_YEARS) & ((hours <= 23) & (minutes <= 59)).fill_null(value=True)
    return pl.when(legal).then(pl.when(parts[4].is_not_null()).then(told).otherwise(on_clock)).alias(column)
