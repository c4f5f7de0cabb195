"""What marts depend on, as one short text: the same text, the same marts."""

import hashlib
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import psycopg

from cauce.settings import PROJECT

DBT_PROJECT = PROJECT / "dbt_project"
"""Where the models lie."""
CODE = (DBT_PROJECT, Path(__file__).parent)
SUFFIXES = (".sql", ".yml", ".py")

INPUTS = {
    "batches": "SELECT md5(string_agg(concat(id, status, loaded, updated), '' ORDER BY id)) FROM ingest_batches",
    "usage": "SELECT concat_ws(' ', sum(total_messages), sum(total_cost), max(updated_at)) FROM month_totals",
    "closed": "SELECT max(month) FROM closed_months",
    "subscriptions": "SELECT concat_ws(' ', count(*), max(updated_at), sum(amount)) FROM subscriptions",
    "invoices": "SELECT concat_ws(' ', count(*), max(updated_at), sum(subtotal)) FROM invoices",
    "rates": "SELECT concat_ws(' ', count(*), sum(rate), max(created_at)) FROM fx_rates",
    "transactions": "SELECT concat_ws(' ', count(*), sum(amount), max(updated_at)) FROM transactions",
    "accounts": "SELECT concat_ws(' ', count(*), max(updated_at)) FROM financial_accounts",
    "budgets": "SELECT concat_ws(' ', count(*), max(updated_at)) FROM budgets",
    "medications": "SELECT concat_ws(' ', count(*), max(updated_at)) FROM medications",
    "schedules": "SELECT md5(string_agg(md5(t::text), '' ORDER BY user_id, id)) FROM medication_schedules t",
    "doses": "SELECT concat_ws(' ', count(*), count(taken_time), count(*) FILTER (WHERE status = 'retrasado'),"
    " max(created_at)) FROM medication_logs",
    "measurements": "SELECT concat_ws(' ', count(*), max(created_at), count(deleted_at), max(deleted_at))"
    " FROM health_measurements",
    "zones": "SELECT md5(string_agg(md5(t::text), '' ORDER BY user_id, valid_from)) FROM user_timezones t",
}
"""Of each operational table the build reads, what moves whenever its rows do."""

# A day ends at another instant in each zone: adherence and budgets change when somebody's next day begins.
LOCAL_DAYS = """
SELECT md5(string_agg(timezone || (%s::timestamptz AT TIME ZONE timezone)::date, ',' ORDER BY timezone))
FROM (SELECT DISTINCT timezone FROM user_timezones) zones
"""


def input_fingerprint(conn: psycopg.Connection, as_of: datetime) -> str:
    """The state of the operational tables as `conn` sees them, the local days of `as_of`, and the code."""
    digest = hashlib.sha256(code_version().encode())
    for name, query in INPUTS.items():
        digest.update(f"{name} {conn.execute(query).fetchone()}\n".encode())
    digest.update(f"days {conn.execute(LOCAL_DAYS, (as_of,)).fetchone()}\n".encode())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def code_version() -> str:
    """A digest of the models and of the code that builds and audits them."""
    digest = hashlib.sha256()
    for folder in CODE:
        for path in sorted(p for p in folder.rglob("*") if p.suffix in SUFFIXES):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
