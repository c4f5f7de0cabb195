"""The rules models are written by, and their unit tests."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # comes with dbt, without stubs

from cauce.database import Database, Role
from expectations.fingerprint import DBT_PROJECT
from expectations.transform import run_dbt

MODELS = {
    path.stem: path for layer in ("staging", "intermediate", "marts") for path in DBT_PROJECT.glob(f"{layer}/*/*.sql")
}
DOMAINS = {"identity", "usage", "billing", "finance", "health"}
READ_ACROSS = {"billing": {"usage"}}
"""What is billed comes of what is used."""
PERSONAL = ["user"]
REVIEWED = ["user", "admin", "analyst"]
POPULATION = ["admin", "analyst"]
BILLING = ["admin"]
READERS = {
    "usage_daily": REVIEWED,
    "billing_monthly": REVIEWED,
    "billable_daily": BILLING,
    "reconciliation_daily": POPULATION,
    "latency_daily": BILLING,
    "usage_forecast": ["user", "admin"],
    "unusual_activity": ["user", "admin"],
    "mrr_movements": BILLING,
    "revenue_monthly": BILLING,
    "margin_monthly": BILLING,
    "budget_status": PERSONAL,
    "cash_flow_monthly": PERSONAL,
    "spending_monthly": PERSONAL,
    "account_balances": PERSONAL,
    "adherence_daily": PERSONAL,
    "measurement_readings": PERSONAL,
    "measurements_latest": PERSONAL,
    "cash_flow_population": POPULATION,
    "adherence_population": POPULATION,
}


def test_every_unit_test_of_the_models_passes(copy: Database) -> None:
    with copy.transaction(Role.TRANSFORM) as conn:
        conn.execute("ALTER SCHEMA marts RENAME TO marts_candidate")  # unit tests take types of columns from there
    outcome = run_dbt(copy, ["test", "--select", "test_type:unit"])
    written = sum(len(_described(path.with_suffix(".yml")).get("unit_tests", [])) for path in MODELS.values())
    assert outcome.tests == written > 35


@pytest.mark.parametrize("name", MODELS)
def test_a_model_says_what_one_row_is(name: str) -> None:
    described = _described(MODELS[name].with_suffix(".yml"))["models"]
    assert [model["name"] for model in described] == [name]
    assert described[0]["description"].startswith("One row per ")
    assert MODELS[name].parent.name in DOMAINS


def test_marts_are_those_of_the_contract_with_their_readers() -> None:
    marts = {name: path for name, path in MODELS.items() if path.parts[-3] == "marts"}
    configs = {name: _described(path.with_suffix(".yml"))["models"][0]["config"] for name, path in marts.items()}
    assert {name: config["meta"]["readers"] for name, config in configs.items()} == READERS
    assert all(config["contract"] == {"enforced": True} for config in configs.values())


def test_no_model_reads_the_snapshot_and_a_younger_table() -> None:
    """A transaction at the build's snapshot sees nothing of tables made after it: they would read as empty."""
    views = {name for name, path in MODELS.items() if _config(path).get("materialized") == "view"}
    for name, path in MODELS.items():
        reads = set(re.findall(r"ref\('(\w+)'\)", path.read_text()))
        if name in views:
            assert reads <= views, f"{name} is read at the snapshot and reads {reads - views}"
        else:
            assert not (reads & views and reads - views), f"{name} reads {reads & views} and {reads - views}"


def test_domains_read_their_own_and_people_only() -> None:
    for name, path in MODELS.items():
        for read in re.findall(r"ref\('(\w+)'\)", path.read_text()):
            domain = path.parent.name
            allowed = {domain, "identity"} | READ_ACROSS.get(domain, set())
            assert MODELS[read].parent.name in allowed, f"{name} reads {read}"


def _described(path: Path) -> dict[str, Any]:
    described = yaml.safe_load(path.read_text())
    assert isinstance(described, dict)
    return described


def _config(path: Path) -> dict[str, Any]:
    return dict(_described(path.with_suffix(".yml"))["models"][0].get("config", {}))
