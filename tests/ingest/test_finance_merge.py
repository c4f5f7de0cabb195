from datetime import date, datetime
from decimal import Decimal

import psycopg
import pytest

from cauce.database import Role
from cauce.security.envelope import Place
from ingest import load_file, undo
from tests.ingest.inputs import counts, rows


@pytest.fixture
def ana(make_person):
    return make_person("ana@example.com")


def at(text):
    return datetime.fromisoformat(f"{text}T00:00:00Z")


def test_two_equal_purchases_stay_two(load_frames, db, ana):
    first, second = ({"external_id": f"content:2026-03-01|-50.00|MXN|x|{n}"} for n in (1, 2))
    report = load_frames("finance", ("account", {}), ("transaction", first), ("transaction", second), owner=ana)
    assert counts(report) == {"read": 3, "loaded": 3}
    assert rows(db, "SELECT sum(amount) FROM transactions") == [Decimal(-100)]


def test_the_same_transaction_again_is_a_duplicate_also_inside_a_file(load_frames, db, ana):
    assert counts(load_frames("finance", ("transaction", {}), ("transaction", {}), owner=ana)) == {
        "read": 2,
        "loaded": 1,
        "duplicate": 1,
    }
    assert counts(load_frames("finance", ("transaction", {}), owner=ana)) == {"read": 1, "duplicate": 1}


@pytest.mark.parametrize("change", [{"amount": Decimal(-51)}, {"date": date(2026, 3, 2)}, {"currency": "USD"}])
def test_the_same_id_with_other_money_is_a_conflict_and_the_first_stays(load_frames, db, ana, change):
    load_frames("finance", ("transaction", {}), owner=ana)
    report = load_frames("finance", ("transaction", change), ("transaction", {"external_id": "fitid:2"}), owner=ana)
    assert counts(report) == {"read": 2, "loaded": 1, "quarantined": 1}
    assert rows(db, "SELECT rule FROM quarantined_rows") == ["conflict"]
    assert rows(db, "SELECT amount, currency FROM transactions WHERE external_id = 'fitid:1'") == [
        (Decimal(-50), "MXN")
    ]


def test_what_a_transaction_says_is_completed_in_either_order(load_frames, db, ana):
    short, long = {"description": "OXXO"}, {"description": "OXXO REFORMA 222", "category": "supermercado"}
    for number, order in enumerate(([short, long], [long, short])):
        key = {"external_id": f"fitid:order{number}"}
        for change in order:
            load_frames("finance", ("transaction", key | change), owner=ana)
    found = rows(db, "SELECT DISTINCT description, category FROM transactions")
    assert found == [("OXXO REFORMA 222", "supermercado")]


def test_a_category_a_person_chose_stays(load_frames, db, ana):
    load_frames("finance", ("transaction", {}), owner=ana)
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE transactions SET category = 'regalos'")
    report = load_frames("finance", ("transaction", {"category": "supermercado"}), owner=ana)
    assert counts(report) == {"read": 1, "duplicate": 1}
    assert rows(db, "SELECT category FROM transactions") == ["regalos"]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_a_balance_only_moves_forward(load_frames, db, ana, order):
    statements = {n: {"balance": Decimal(n * 100), "balance_at": at(f"2026-03-0{n}")} for n in (1, 2, 3)}
    reports = [counts(load_frames("finance", ("account", statements[n]), owner=ana)) for n in order]
    assert rows(db, "SELECT balance, balance_at FROM financial_accounts") == [(Decimal(300), at("2026-03-03"))]
    newer = ["loaded", *("updated" if n == max(order[: k + 1]) else "duplicate" for k, n in enumerate(order) if k)]
    assert [next(k for k in report if k != "read") for report in reports] == newer


def test_several_statements_of_one_account_in_a_file(load_frames, db, ana):
    statements = [("account", {"balance": Decimal(n), "balance_at": at(f"2026-03-0{n}")}) for n in (2, 1, 3)]
    assert counts(load_frames("finance", *statements, owner=ana)) == {
        "read": 3,
        "loaded": 1,
        "updated": 1,
        "duplicate": 1,
    }
    assert rows(db, "SELECT balance FROM financial_accounts") == [Decimal(3)]


def test_the_account_number_is_nowhere_in_the_database(load_frames, db, ana):
    load_frames("finance", ("account", {"account_key_text": "bank|998877665544"}), ("transaction", {}), owner=ana)
    [key] = rows(db, "SELECT account_key FROM financial_accounts WHERE balance_at IS NOT NULL")
    assert len(key) == 32
    assert rows(db, "SELECT count(*) FROM financial_accounts a WHERE a::text LIKE '%998877665544%'") == [0]


def test_each_account_has_its_number_sealed_to_its_row(load_frames, db, ana):
    told_by = [
        ("account", {"account_key_text": "bank|998877665544"}),
        ("transaction", {"account_key_text": "012|55-1"}),
    ]
    load_frames("finance", *told_by, owner=ana)
    load_frames("finance", *told_by, ("account", {"account_key_text": "|7"}), owner=ana)
    with db.transaction(Role.OWNER) as conn:
        sealed = conn.execute("SELECT id, account_number_sealed FROM financial_accounts").fetchall()
    numbers = [
        db.sealer.open(value, Place("financial_accounts", "account_number_sealed", ana, account))
        for account, value in sealed
    ]
    assert sorted(numbers) == ["55-1", "7", "998877665544"]


def test_budgets_are_replaced_where_they_differ(db, ana, tmp_path):
    from ingest import load_file

    path = tmp_path / "budgets.csv"
    header = "name,category,amount,currency,period,start_date,end_date,alert_threshold\n"
    for amount, outcome in ((1000, "loaded"), (1200, "updated")):
        path.write_text(header + f"Comida,restaurantes,{amount},MXN,monthly,2026-01-01,,90\n")
        assert counts(load_file(db, path, owner=ana)) == {"read": 1, outcome: 1}
    # The older file again changes nothing: it was loaded before.
    path.write_text(header + "Comida,restaurantes,1000,MXN,monthly,2026-01-01,,90\n")
    assert counts(load_file(db, path, owner=ana)) == {"read": 1, "duplicate": 1}
    assert rows(db, "SELECT amount, alert_threshold FROM budgets") == [(Decimal(1200), 90)]


def test_the_last_of_several_budgets_in_a_file_counts(db, ana, tmp_path):
    from ingest import load_file

    lines = [f"Comida,restaurantes,{amount},MXN,monthly,2026-01-01" for amount in (10, 20, 30)]
    path = tmp_path / "budgets.csv"
    path.write_text("\n".join(["name,category,amount,currency,period,start_date", *lines]))
    assert counts(load_file(db, path, owner=ana)) == {"read": 3, "loaded": 1, "duplicate": 2}
    assert rows(db, "SELECT amount FROM budgets") == [Decimal(30)]


def test_without_an_owner_everything_waits_sealed_until_one_is_named(load_frames, db, ana):
    records = (("account", {}), ("transaction", {"description": "SECRETO"}))
    assert counts(load_frames("finance", *records)) == {"read": 2, "quarantined": 2}
    assert rows(db, "SELECT DISTINCT rule, user_id, raw FROM quarantined_rows") == [("unattributed", None, None)]
    assert rows(db, "SELECT count(*) FROM transactions") == [0]


def test_one_persons_batch_cannot_touch_anothers_rows(load_frames, db, ana, make_person):
    leo = make_person("leo@example.com")
    load_frames("finance", ("transaction", {}), owner=leo)
    with db.transaction(Role.INGEST, tenant=ana) as conn:
        assert conn.execute("SELECT count(*) FROM transactions").fetchone() == (0,)
        assert conn.execute("UPDATE transactions SET notes = 'x'").rowcount == 0
    with db.transaction(Role.INGEST, tenant=leo) as conn:
        assert conn.execute("SELECT count(*) FROM transactions").fetchone() == (1,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction(Role.INGEST, tenant=leo) as conn:
        conn.execute("UPDATE transactions SET amount = 0")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction(Role.INGEST, tenant=ana) as conn:
        conn.execute("INSERT INTO financial_profiles (user_id) VALUES (%s)", (leo,))


def test_a_batch_can_be_undone_and_loaded_again(load_frames, db, ana):
    first = load_frames("finance", ("account", {}), ("transaction", {}), owner=ana)
    second = load_frames("finance", ("account", {}), ("transaction", {"external_id": "fitid:2"}), owner=ana)
    undo(db, first.batch)
    # The account stays: the second batch's transaction hangs on it.
    assert rows(db, "SELECT external_id FROM transactions") == ["fitid:2"]
    undo(db, second.batch)
    assert rows(db, "SELECT count(*) FROM transactions") == [0]
    assert counts(load_frames("finance", ("account", {}), ("transaction", {}), owner=ana))["read"] == 2
    assert rows(db, "SELECT external_id FROM transactions") == ["fitid:1"]


def test_what_a_person_deleted_stays_deleted_when_it_comes_again(load_frames, db, ana):
    older, newer = ({"balance": Decimal(n), "balance_at": at(f"2026-03-0{n}")} for n in (1, 2))
    load_frames("finance", ("account", older), ("transaction", {}), owner=ana)
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE financial_accounts SET deleted_at = now()")
        conn.execute("UPDATE transactions SET deleted_at = now()")
    again = [("account", newer), ("transaction", {"description": "OXXO REFORMA 222"})]
    other_money = [("transaction", {"amount": Decimal(-7)})]
    assert counts(load_frames("finance", *again, owner=ana)) == {"read": 2, "duplicate": 2}
    assert counts(load_frames("finance", *other_money, owner=ana)) == {"read": 1, "duplicate": 1}
    assert rows(db, "SELECT balance FROM financial_accounts WHERE deleted_at IS NOT NULL") == [Decimal(1)]
    assert rows(db, "SELECT description FROM transactions WHERE deleted_at IS NOT NULL") == ["OXXO"]


def test_a_deleted_budget_stays_deleted_when_it_comes_again(db, ana, tmp_path):
    header = "name,category,amount,currency,period,start_date,end_date,alert_threshold\n"
    for name, amount in (("a.csv", 100), ("b.csv", 200)):
        (tmp_path / name).write_text(f"{header}Super,super,{amount},MXN,monthly,2026-03-01,,\n")
    assert counts(load_file(db, tmp_path / "a.csv", owner=ana)) == {"read": 1, "loaded": 1}
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE budgets SET deleted_at = now()")
    assert counts(load_file(db, tmp_path / "b.csv", owner=ana)) == {"read": 1, "duplicate": 1}
    assert rows(db, "SELECT amount FROM budgets WHERE deleted_at IS NOT NULL") == [Decimal(100)]
