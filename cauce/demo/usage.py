"""The usage files of the demo: five a month, one per way that events reach us, with their exact accounting.

A file of a month also carries what arrived late from the month before, and repeats some of its own events. One month
is spoiled: its files hold malformed records, and a second export overlaps its first.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from cauce.demo.agents import UNKNOWN_MODEL
from cauce.demo.events import SCHEMA, month_events
from cauce.demo.habits import habits
from cauce.demo.otlp import otlp
from cauce.demo.plan import DemoCase, DemoPerson, FileExpectation
from cauce.demo.provider_bodies import provider_bodies
from cauce.demo.provider_report import write_reports
from cauce.demo.rates import write_rates
from cauce.demo.usage_cases import month_end_event, unattributed_events, zone_change_events
from cauce.demo.usage_tables import as_csv, jsonl, parquet
from cauce.demo.window import Month, Window

FILES = {
    "jsonl": ("aplicacion.jsonl", "cauce-usage-jsonl"),
    "csv": ("lotes.csv", "cauce-usage-csv"),
    "parquet": ("asistentes.parquet", "cauce-usage-parquet"),
    "otlp": ("trazas.jsonl", "otlp-json"),
    "provider": ("proveedores.jsonl", "provider-usage-jsonl"),
}
REPEAT_EVERY = 900
REEXPORTED, CONFLICTS, MISSED = 150, 2, 10

Expectations = list[FileExpectation]
Cases = list[DemoCase]


def write_usage(
    folder: Path, seed: int, people: Sequence[DemoPerson], window: Window, tell: Callable[[str], None]
) -> tuple[Expectations, Cases]:
    """Write `usage/` below the folder; give the files in the order to load them, and the awkward cases in them."""
    (folder / "usage").mkdir(parents=True, exist_ok=True)
    traits = habits(seed, people, window)
    by_hand = {
        "month_end": month_end_event(window),
        "zone_change": zone_change_events(window, people),
        "unattributed": unattributed_events(window),
    }
    extra = pl.concat(by_hand.values())
    expectations: Expectations = []
    cases: Cases = []
    carried = pl.DataFrame(schema=SCHEMA)
    for index, month in enumerate(window.months):
        events = month_events(seed, people, traits, window, index)
        if month == window.months[-1]:
            events = events.with_columns(late=False)
        on_time, late = events.filter(~pl.col("late")), events.filter("late")
        own = extra.filter(pl.col("timestamp").dt.strftime("%Y-%m") == str(month))
        written = _write_month(folder, month, (on_time, own, carried), spoil=month == window.complete)
        expectations += written[0]
        cases += written[1]
        cases += _late_case(month, carried)
        carried = late
        if month == window.complete:
            known = pl.concat([events, own]).filter(_is_known(pl.col("user")))
            expectations += write_reports(folder, month, known)
        tell(f"usage of {month}")
    jsonl_file = {str(month): f"usage/{month}-{FILES['jsonl'][0]}" for month in window.months}
    for name, rows in by_hand.items():
        for month_name, keys in _keys_by_month(rows):
            cases.append(DemoCase(name, WHAT[name], jsonl_file[month_name], len(keys), tuple(keys)))
    expectations.append(write_rates(folder, seed, window))
    return sorted(expectations, key=lambda expected: expected.file), cases


def _write_month(
    folder: Path, month: Month, frames: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame], *, spoil: bool
) -> tuple[Expectations, Cases]:
    on_time, own, carried = frames
    expectations: Expectations = []
    cases: Cases = []
    missed = on_time.clear()
    if spoil:
        exported = on_time.filter(pl.col("route") == "jsonl").tail(REEXPORTED + MISSED)
        missed = exported.gather_every(max(1, exported.height // MISSED)).head(MISSED)
        on_time = on_time.join(missed, on="hex", how="anti")
        if not exported.is_empty():
            expectation, cases = _reexport(folder, month, exported, missed)
            expectations.append(expectation)
    for route, (name, format_name) in FILES.items():
        part = on_time.filter(pl.col("route") == route)
        again = part.gather_every(REPEAT_EVERY, offset=min(REPEAT_EVERY, part.height) // 2)
        good = pl.concat([part, own.filter(pl.col("route") == route), carried.filter(pl.col("route") == route)])
        if good.is_empty():
            continue
        file = f"usage/{month}-{name}"
        content, malformed, tools = _render(route, pl.concat([good, again]), spoil=spoil)
        (folder / file).write_bytes(content)
        strangers = good.filter(~_is_known(pl.col("user")))
        known = good.join(strangers, on="hex", how="anti")
        expectations.append(
            FileExpectation(
                file,
                "usage",
                format_name,
                None,
                good=known.height,
                duplicate=again.height,
                malformed=malformed,
                unattributed=strangers.height,
                ignored={"tool": tools} if tools else {},
                tokens_input=int(known["input_tokens"].sum()),
                tokens_output=int(known["output_tokens"].sum()),
            )
        )
        cases += _cases(file, route, good, again, malformed)
    return sorted(expectations, key=lambda expected: expected.file), cases


def _is_known(user: pl.Expr) -> pl.Expr:
    return user.is_not_null() & ~user.str.ends_with("@desconocido.example")


def _render(route: str, part: pl.DataFrame, *, spoil: bool) -> tuple[bytes, int, int]:
    if route == "otlp":
        return otlp(part, spoil=spoil)
    writer = {"jsonl": jsonl, "csv": as_csv, "parquet": parquet, "provider": provider_bodies}[route]
    content, malformed = writer(part, spoil=spoil)
    return content, malformed, 0


def _reexport(
    folder: Path, month: Month, exported: pl.DataFrame, missed: pl.DataFrame
) -> tuple[FileExpectation, Cases]:
    """Write a second export, as CSV: what the first one missed, what it had, and two events that it had otherwise."""
    known = exported.join(missed, on="hex", how="anti", maintain_order="left")
    changed = known.head(CONFLICTS).with_columns(pl.col("output_tokens") + 100)
    same = known.slice(CONFLICTS)
    file = f"usage/{month}-reexportado.csv"
    content, _ = as_csv(pl.concat([missed, changed, same]).sort("timestamp", "hex"), spoil=False)
    (folder / file).write_bytes(content)
    expectation = FileExpectation(
        file,
        "usage",
        FILES["csv"][1],
        None,
        good=missed.height,
        duplicate=same.height,
        conflict=changed.height,
        tokens_input=int(missed["input_tokens"].sum()),
        tokens_output=int(missed["output_tokens"].sum()),
    )
    return expectation, [
        DemoCase("overlapping_export", WHAT["overlapping_export"], file, same.height),
        DemoCase("conflict", WHAT["conflict"], file, changed.height, tuple(_ids(changed))),
    ]


def _cases(file: str, route: str, good: pl.DataFrame, again: pl.DataFrame, malformed: int) -> Cases:
    found = []
    if again.height:
        keys = tuple(_ids(again)) if route in ("jsonl", "csv", "parquet") else ()
        found.append(DemoCase("duplicate", WHAT["duplicate"], file, again.height, keys))
    if malformed:
        found.append(DemoCase("malformed_usage", WHAT["malformed_usage"], file, malformed))
    unknown = good.filter(pl.col("model") == UNKNOWN_MODEL)
    if unknown.height:
        found.append(DemoCase("unknown_model", WHAT["unknown_model"], file, unknown.height))
    return found


def _late_case(month: Month, carried: pl.DataFrame) -> Cases:
    routes = carried["route"].value_counts(sort=False).sort("route")
    return [
        DemoCase("late", WHAT["late"], f"usage/{month}-{FILES[route][0]}", count) for route, count in routes.iter_rows()
    ]


def _keys_by_month(rows: pl.DataFrame) -> list[tuple[str, list[str]]]:
    months = rows["timestamp"].dt.strftime("%Y-%m")
    return [(month, _ids(rows.filter(months == month))) for month in months.unique().sort()]


def _ids(rows: pl.DataFrame) -> list[str]:
    return [f"evt_{name}" for name in rows["hex"]]


WHAT = {
    "late": "events of the month before, which arrive only with this month's file",
    "duplicate": "events that stand twice in one file",
    "overlapping_export": "events that an earlier file of another format already brought",
    "conflict": "events with a known id and another content",
    "malformed_usage": "cut lines, negative or textual counts, impossible dates, missing ids",
    "unknown_model": "events of a model without a price: they count, their cost is unknown",
    "unattributed": "events of an address that nobody has, and one without any address",
    "month_end": "20:00 on 31 October in Mexico City, which is 1 November in UTC",
    "zone_change": "events around midnight on the days when a person moves to another time zone",
}
