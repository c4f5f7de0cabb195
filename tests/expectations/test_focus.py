"""The export in the columns of FOCUS 1.2 says what the marts say, and what it leaves out it tells."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from cauce.billing.focus import Exported, export_focus
from cauce.database import Database, Role
from cauce.errors import FatalError
from tests.expectations.world import ANA, id_of, rows

MANDATORY = {
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart",
    "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost",
    "EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName",
    "ServiceCategory", "ServiceName",
}  # fmt: skip
"""The columns that FOCUS 1.2 calls mandatory; of them only ChargeClass may be null here."""
MARCH = date(2025, 3, 1)
BILLED = """
SELECT sum(total_cost), sum(unknown_cost_events)::int FROM marts.billing_monthly WHERE month = '2025-03-01'
"""


def test_a_month_as_csv_is_what_was_billed(copy: Database, tmp_path: Path) -> None:
    path = tmp_path / "march.csv"
    exported = export_focus(copy, MARCH, path)
    frame = pl.read_csv(path, schema_overrides={"BilledCost": pl.Decimal(38, 12), "ChargeClass": pl.String})
    [(cost, unknown)] = rows(copy, BILLED)
    assert exported == Exported(frame.height, Decimal(str(cost)), int(str(unknown)))
    assert frame["BilledCost"].sum() == cost
    assert exported.charges == 12  # of the thirteenth model nobody knows the cost
    assert exported.unknown == 24
    assert set(frame.columns) >= MANDATORY
    assert frame.select(MANDATORY - {"ChargeClass"}).null_count().sum_horizontal().item() == 0
    other = [name for name in frame.columns if name.startswith("x_")]
    assert other == ["x_Calls", "x_InputTokens", "x_OutputTokens", "x_CallsOfUnknownCost", "x_MonthIsClosed"]
    charge = frame.filter(pl.col("SubAccountId") == str(id_of(copy, ANA))).row(0, named=True)
    assert (charge["BillingPeriodStart"], charge["BillingPeriodEnd"]) == (
        "2025-03-01T00:00:00Z",
        "2025-04-01T00:00:00Z",
    )
    assert (charge["ChargePeriodStart"], charge["ChargePeriodEnd"]) == ("2025-03-01T00:00:00Z", "2025-03-02T00:00:00Z")
    assert (charge["ProviderName"], charge["ServiceSubcategory"], charge["SkuId"]) == (
        "OpenAI",
        "Generative AI",
        "openai/gpt",
    )
    assert charge["ChargeClass"] is None
    assert ANA not in path.read_text()


def test_parquet_holds_the_same_with_types(copy: Database, tmp_path: Path) -> None:
    export_focus(copy, MARCH, tmp_path / "march.csv")
    export_focus(copy, MARCH, tmp_path / "march.parquet")
    frame = pl.read_parquet(tmp_path / "march.parquet")
    assert frame["BilledCost"].dtype == pl.Decimal(38, 12)
    assert frame["BillingPeriodEnd"].unique().to_list() == [datetime(2025, 4, 1, tzinfo=UTC)]
    text = pl.read_csv(tmp_path / "march.csv", infer_schema=False)
    assert frame["SkuId"].to_list() == text["SkuId"].to_list()
    assert [f"{cost:f}" for cost in frame["BilledCost"]] == text["BilledCost"].to_list()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["march.csv", "march.parquet"]


def test_an_export_is_in_the_log(copy: Database, tmp_path: Path) -> None:
    export_focus(copy, date(2025, 2, 1), tmp_path / "february.csv")
    told = rows(copy, "SELECT details FROM audit_logs WHERE action = 'EXPORT_FOCUS'", Role.OWNER)
    assert told == [({"month": "2025-02", "charges": 23},)]


@pytest.mark.parametrize(
    ("name", "month", "said"),
    [
        ("march.xlsx", MARCH, "march.xlsx names no format"),
        ("there.csv", MARCH, "is there already"),
        ("none.csv", date(2031, 1, 1), "nothing was billed with 2031-01"),
        ("nowhere/march.csv", MARCH, "cannot be written: No such file or directory"),
    ],
)
def test_what_cannot_be_exported_is_said(copy: Database, tmp_path: Path, name: str, month: date, said: str) -> None:
    (tmp_path / "there.csv").touch()
    with pytest.raises(FatalError, match=said):
        export_focus(copy, month, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["there.csv"]


def test_before_anything_is_published_there_is_nothing_to_export(db: Database, tmp_path: Path) -> None:
    with pytest.raises(FatalError, match="no marts are published yet"):
        export_focus(db, MARCH, tmp_path / "march.csv")
