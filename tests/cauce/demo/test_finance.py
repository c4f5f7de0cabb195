from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from cauce.demo.budgets import period_start
from tests.cauce.demo.conftest import TODAY, Demo
from tests.cauce.demo.reading import Reading, read

Readings = dict[str, Reading]


@pytest.fixture(scope="module")
def readings(demo: Demo) -> Readings:
    zones = {person.email: person.timezone for person in demo.plan.people}
    files = [(expected.file, expected.owner) for expected in demo.plan.expectations if expected.domain == "finance"]
    return {file: read(demo.folder / file, zones[owner or ""]) for file, owner in files}


@pytest.fixture(scope="module")
def money(readings: Readings) -> pl.DataFrame:
    """All transactions of everybody, with their file and owner."""
    frames = [
        reading.frame("transaction").with_columns(file=pl.lit(file), owner=pl.lit(file.split("/")[0]))
        for file, reading in readings.items()
        if "transaction" in reading.frames
    ]
    return pl.concat(frames)


def test_every_file_is_recognised_and_accounted_for(demo: Demo, readings: Readings) -> None:
    for expected in demo.plan.expectations:
        if expected.domain == "finance":
            reading = readings[expected.file]
            assert (reading.domain, reading.format) == ("finance", expected.format)
            assert (expected.file, reading.read) == (expected.file, expected.read)
            assert (expected.file, len(reading.rejections)) == (expected.file, expected.malformed)


def test_overlapping_statements_repeat_what_is_planned(demo: Demo, readings: Readings) -> None:
    overlapping = [expected for expected in demo.plan.expectations if expected.file.endswith("_reciente.ofx")]
    assert overlapping
    for expected in overlapping:
        earlier = readings[expected.file.replace("_reciente", "")].frame("transaction")
        recent = readings[expected.file].frame("transaction")
        again = recent.join(earlier, on=["account_key_text", "external_id"], how="semi")
        assert again.height == expected.duplicate > 0
        assert recent.height - again.height == expected.good
        assert readings[expected.file].frame("account").height == expected.updated


def test_two_equal_purchases_of_a_day_stay_two(demo: Demo, money: pl.DataFrame) -> None:
    cases = [case for case in demo.plan.cases if case.name == "equal_purchases"]
    assert len(cases) == 30
    for case in cases:
        bought = money.filter((pl.col("file") == case.file) & (pl.col("date") == date.fromisoformat(case.keys[0])))
        equal = bought.group_by("description", "amount").agg(pl.col("external_id").n_unique()).filter(external_id=2)
        assert equal.height == 1, case.file


def test_a_card_without_references_still_tells_its_purchases_apart(money: pl.DataFrame) -> None:
    card = money.filter(pl.col("file") == "luis@demo.example/tarjeta.ofx")
    assert card["external_id"].n_unique() == card.height > 100
    assert not card["external_id"].str.contains("fitid:").any()


def test_categories_that_people_budget_are_those_the_reader_gives(readings: Readings, money: pl.DataFrame) -> None:
    assert money.filter(pl.col("category") == "sin_categoria").is_empty()
    budgeted = {c for r in readings.values() if "budget" in r.frames for c in r.frame("budget")["category"]}
    assert budgeted <= set(money["category"])


def test_moves_between_own_accounts_are_transfers_that_cancel_out(money: pl.DataFrame) -> None:
    moved = money.filter(pl.col("type") == "transfer").unique(["owner", "account_key_text", "external_id"])
    sums = moved.group_by("owner").agg(pl.col("amount").sum())
    assert sums.height == 30
    assert sums.filter(pl.col("amount") != 0).is_empty()


def test_balances_are_what_the_transactions_add_up_to(readings: Readings) -> None:
    first = readings["ana@demo.example/banco-debito.ofx"]
    recent = readings["ana@demo.example/banco-debito_reciente.ofx"]
    for key, before in first.frame("account").select("account_key_text", "balance").iter_rows():
        after = recent.frame("account").filter(pl.col("account_key_text") == key)["balance"][0]
        known = first.frame("transaction").filter(pl.col("account_key_text") == key)["external_id"]
        new = recent.frame("transaction").filter(
            (pl.col("account_key_text") == key) & ~pl.col("external_id").is_in(known.to_list())
        )
        assert after - before == (new["amount"].sum() if new.height else 0)


def test_mexican_life_is_in_it(money: pl.DataFrame) -> None:
    mexican = money.filter(pl.col("currency") == "MXN")
    texts = mexican["description"].str.to_uppercase()
    for word in ("NÓMINA", "RENTA", "CFE", "AGUA", "OXXO", "PEMEX", "NETFLIX", "SPOTIFY", "FARMACIA", "AGUINALDO"):
        assert texts.str.contains(word, literal=True).any(), word
    bonus = mexican.filter(texts.str.contains("AGUINALDO"))
    assert set(bonus["date"].dt.month()) == {12}
    pay = mexican.filter((pl.col("owner") == "ana@demo.example") & texts.str.contains("NÓMINA")).unique("date")
    assert pay.height == 25


@pytest.mark.parametrize("owner", ["ana@demo.example", "luis@demo.example", "sofia@demo.example"])
def test_budgets_are_ok_near_and_exceeded_today(readings: Readings, money: pl.DataFrame, owner: str) -> None:
    budgets = readings[f"{owner}/presupuestos.csv"].frame("budget")
    spent = money.filter((pl.col("owner") == owner) & (pl.col("type") == "expense"))
    spent = spent.unique(["account_key_text", "external_id"])
    levels = set()
    for category, period, amount, threshold in budgets.select(
        "category", "period", "amount", "alert_threshold"
    ).iter_rows():
        since = period_start(TODAY, period)
        total = -Decimal(str(spent.filter(category=category).filter(pl.col("date") >= since)["amount"].sum()))
        used = total / amount * 100
        levels.add("exceeded" if used > 100 else "near" if used >= threshold else "ok")
    assert levels == {"ok", "near", "exceeded"}
