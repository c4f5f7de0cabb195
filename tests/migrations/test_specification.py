"""The database is the specification's, but for what `docs/schema-changes.md` lists; and it lists nothing else."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from cauce.database import Database, Role
from cauce.database.database import Address
from tests.migrations.conftest import empty_database
from tests.migrations.departures import RULES, Row, rows
from tests.migrations.specification import Departure, Table, build, departures, read

Specified = tuple[dict[str, Table], list[Departure]]
Comparison = tuple[dict[str, Table], list[Departure], list[Row]]
EACH = Path(__file__).with_name("departures.txt")
"""Every departure, one a line, as `make departures` writes them."""
SLIPS = (
    "ALTER TABLE agents ALTER category SET DEFAULT 'zzz'",
    "ALTER TABLE users ALTER subscription_tier SET DEFAULT 'PRO'",
    "ALTER TABLE support_tickets ALTER status DROP DEFAULT",
    "ALTER TABLE users ALTER name TYPE varchar(100)",
    "ALTER TABLE debts ALTER balance TYPE numeric(24,12)",
    "ALTER TABLE chat_sessions ALTER title TYPE text",
    "ALTER TABLE messages ALTER content DROP NOT NULL",
    "ALTER TABLE messages ALTER position DROP NOT NULL",
    "ALTER TABLE support_tickets DROP CONSTRAINT ck_support_tickets_status",
    "ALTER TABLE budgets DROP CONSTRAINT ck_budgets_period",
    "ALTER TABLE users DROP CONSTRAINT ck_users_email",
    "ALTER TABLE usage_logs DROP CONSTRAINT ck_usage_logs_total_tokens",
    "ALTER TABLE usage_logs DROP CONSTRAINT ck_usage_logs_total_tokens,"
    " ADD CONSTRAINT ck_usage_logs_total_tokens CHECK (total_tokens >= tokens_input + tokens_output)",
    "ALTER TABLE recurring_payments DROP CONSTRAINT fk_recurring_payments_user_id_account_id_financial_accounts",
    "ALTER TABLE transactions DROP CONSTRAINT fk_transactions_user_id_from_account_id_financial_accounts",
    "ALTER TABLE messages DROP CONSTRAINT fk_messages_user_id_conversation_id_conversations",
    "ALTER TABLE monthly_usage DROP CONSTRAINT uq_monthly_usage_user_id_year_month",
    "ALTER TABLE storage_files DROP COLUMN virus_scan_date",
    "DROP INDEX ix_usage_logs_user_id_conversation_id",
    "DROP INDEX uq_users_email_lower",
)
"""Of every kind one on a column of which `docs/schema-changes.md` tells another difference of that kind, too."""


@pytest.fixture(scope="session")
def specification() -> str:
    """The shared specification; where it is absent the run says so by failing."""
    samples = Path(os.environ.get("CAUCE_SAMPLES", Path(__file__).parents[3] / "shared" / "samples"))
    path = samples.parent / "spec" / "schema-v1.0.md"
    if not path.is_file():
        message = f"the shared specification is not at {path}: set CAUCE_SAMPLES to the samples beside its folder"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def specified(template: Address, tmp_path_factory: pytest.TempPathFactory, specification: str) -> Specified:
    """The specification's tables, and its indexes that cannot be made."""
    with empty_database(template, tmp_path_factory.mktemp("specified")) as empty, empty.transaction(Role.OWNER) as conn:
        impossible = build(conn, specification)
        return read(conn), impossible


@pytest.fixture(scope="module")
def comparison(shared_db: Database, specified: Specified) -> Comparison:
    spec, impossible = specified
    with shared_db.transaction(Role.OWNER) as conn:
        ours = read(conn)
    return spec, [*impossible, *departures(spec, ours)], rows(spec, ours)


def test_the_specification_is_read_whole(comparison: Comparison) -> None:
    """Against the counts that were taken by hand: nothing of it is lost on the way."""
    tables = comparison[0].values()
    assert len(tables) == 42
    assert sum(len(table.columns) for table in tables) == 522
    assert sum(len(table.references) for table in tables) == 52
    assert sum(len(checks) for table in tables for checks in table.checks.values()) == 41


def _told(found: Iterable[Departure]) -> str:
    return "".join(f"{departure}\n" for departure in sorted(map(str, found)))


def test_each_departure_is_as_it_was(comparison: Comparison) -> None:
    """To the word: what `docs/schema-changes.md` says of a column would also hold of another difference."""
    if os.environ.get("CAUCE_WRITE_DEPARTURES"):
        EACH.write_text(_told(comparison[1]), encoding="utf-8")
    assert _told(comparison[1]) == EACH.read_text(encoding="utf-8"), "look at each, then run `make departures`"


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_noticed(shared_db: Database, specified: Specified, slip: str) -> None:
    spec, impossible = specified
    with shared_db.connect(Role.OWNER) as conn, conn.transaction(force_rollback=True):
        conn.execute(slip.encode())
        slipped = _told([*impossible, *departures(spec, read(conn))])
    assert slipped != EACH.read_text(encoding="utf-8")


def test_every_departure_is_listed(comparison: Comparison) -> None:
    spec, found, listed = comparison
    unlisted = [
        str(departure)
        for departure in found
        if not any(rule(departure, spec) for rule in RULES.values())
        and not any(row.covers(departure) for row in listed)
    ]
    assert not unlisted, "\n" + "\n".join(sorted(unlisted))


def test_every_listed_departure_is_there(comparison: Comparison) -> None:
    spec, found, listed = comparison
    there = {(departure.table, None) for departure in found}.union(*(departure.names for departure in found))
    untrue = []
    for row in listed:
        if row.section != "Everywhere":
            if not any(row.covers(departure) for departure in found):
                untrue.append(f"not so: {row.text}")
            elif wrong := {name for name in row.names - there if name[0] in spec}:
                untrue.append(
                    f"nothing departs in {', '.join(f'{table}.{column}' for table, column in wrong)}: {row.text}"
                )
    assert not untrue, "\n" + "\n".join(untrue)


def test_every_rule_is_told_and_applies(comparison: Comparison) -> None:
    spec, found, listed = comparison
    told = [row.text for row in listed if row.section == "Everywhere"]
    assert [words for words in RULES if not any(text.startswith(words) for text in told)] == [], "not told"
    assert [words for words, rule in RULES.items() if not any(rule(d, spec) for d in found)] == [], "apply nowhere"
