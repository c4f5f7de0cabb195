"""Exchange rates of the ECB and of Banxico, in the form in which they publish them."""

import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from cauce.errors import SkippableError
from ingest import load_file, undo
from ingest.formats import Source
from ingest.usage.fx_csv import FxCsv
from tests.ingest.inputs import counts, rows
from tests.ingest.usage.reading import DATA, RECEIVED

RATES = "SELECT base, quote, date, source, rate FROM fx_rates ORDER BY date, base, quote"
REFUSED = "SELECT line, column_name, rule FROM quarantined_rows ORDER BY record"


def rate(base: str, quote: str, day: int, source: str, value: str, month: int = 10):
    return base, quote, date(2025, month, day), source, Decimal(value)


def test_the_ecbs_history_each_cell_by_itself(db):
    report = load_file(db, DATA / "eurofxref-hist.csv")
    assert counts(report) == {"read": 31, "loaded": 7, "duplicate": 2, "quarantined": 7, "ignored": 15}
    assert dict(report.ignored_kinds) == {"no rate": 9, "currency CYP": 6}
    assert rows(db, REFUSED) == [
        (4, "JPY", "invalid_rate"), (4, "MXN", "invalid_rate"), (4, "rate", "unknown_currency"), (5, "USD", "invalid_date"),
        (6, "USD", "future_date"), (7, "rate", "conflict"), (8, None, "wrong_cell_count"),
    ]  # fmt: skip
    assert rows(db, RATES) == [
        rate("EUR", "USD", 1, "ecb", "1.1744"),
        rate("EUR", "JPY", 2, "ecb", "173.10"), rate("EUR", "MXN", 2, "ecb", "21.6347"), rate("EUR", "USD", 2, "ecb", "1.1753"),
        rate("EUR", "JPY", 3, "ecb", "172.83"), rate("EUR", "MXN", 3, "ecb", "21.5912"), rate("EUR", "USD", 3, "ecb", "1.1734"),
    ]  # fmt: skip


def test_banxicos_series_below_their_titles_in_latin_1(db):
    report = load_file(db, DATA / "banxico_sie.csv")
    assert counts(report) == {"read": 18, "loaded": 5, "quarantined": 2, "ignored": 11}
    assert dict(report.ignored_kinds) == {"no rate": 5, "series SF60653": 6}
    assert rows(db, REFUSED) == [(14, "SF43718", "invalid_date"), (15, "SF43718", "invalid_rate")]
    assert rows(db, RATES) == [
        rate("EUR", "MXN", 1, "banxico", "21.5268"), rate("USD", "MXN", 1, "banxico", "18.3342"),
        rate("USD", "MXN", 2, "banxico", "18.3937"),
        rate("EUR", "MXN", 3, "banxico", "21.5983"), rate("USD", "MXN", 3, "banxico", "18.3848"),
    ]  # fmt: skip


def test_the_same_days_again_change_nothing_and_another_rate_of_a_day_is_a_conflict(db, tmp_path):
    first = load_file(db, DATA / "banxico_sie.csv")
    before = rows(db, RATES)
    longer = tmp_path / "longer.csv"
    longer.write_text('"Fecha","SF43718"\n02/10/2025,18.3937\n03/10/2025,18.5\n07/10/2025,18.4010\n')
    assert counts(load_file(db, longer)) == {"read": 3, "loaded": 1, "duplicate": 1, "quarantined": 1}
    assert rows(db, RATES) == [*before, rate("USD", "MXN", 7, "banxico", "18.4010")]
    assert "5 rows removed" in undo(db, first.batch)
    assert rows(db, "SELECT count(*) FROM fx_rates") == [1]
    assert counts(load_file(db, DATA / "banxico_sie.csv"))["loaded"] == 5


@pytest.mark.parametrize("name", ["eurofxref-hist.csv", "banxico_sie.csv"])
def test_the_text_of_a_refused_cell_reads_again(name):
    refused = rejections((DATA / name).read_bytes())
    assert len(refused) >= 2
    for rejection in refused:
        if rejection.column:
            assert [again.rule for again in rejections(rejection.raw.encode())] == [rejection.rule]


def rejections(content: bytes):
    assert FxCsv().sniff(content)
    source = Source(Path("a"), io.BytesIO(content), "a", len(content), RECEIVED, "UTC")
    return [rejection for chunk in FxCsv().read(source) for rejection in chunk.rejections]


def test_a_table_whose_header_never_comes_is_of_no_use(db, tmp_path):
    titles = tmp_path / "titles.csv"
    titles.write_text("Banco de México\n" * 120 + '"Fecha","SF43718"\n01/10/2025,18.3342\n')
    with pytest.raises(SkippableError, match="no known format"):
        load_file(db, titles)
