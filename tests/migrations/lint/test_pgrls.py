"""pgrls, the row security linter, finds nothing beside what `pgrls.toml` and `pgrls_warehouse.toml` give a reason for."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg

from cauce.database import Database, Role

HERE = Path(__file__).parent


def findings(db: Database, config: str = "pgrls.toml", role: Role = Role.OWNER) -> list[str]:
    """What it finds, as rule and object."""
    command = [sys.executable, "-m", "pgrls", "lint", "--config", str(HERE / config), "--format", "json"]
    done = subprocess.run(
        command, env={"DATABASE_URL": db.url(role)}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    return [f"{each['rule_id']} {each['location']}" for each in json.loads(done.stdout)["violations"]]


def test_nothing_is_found_and_a_hole_would_be(db: Database) -> None:
    assert findings(db) == []
    with psycopg.connect(db.address.superuser_url, dbname=db.address.name) as conn:
        conn.execute(
            "ALTER POLICY user_select ON transactions USING (current_user_id() IS NULL OR user_id = current_user_id())"
        )
        conn.execute("ALTER TABLE budgets NO FORCE ROW LEVEL SECURITY")
        conn.execute("ALTER FUNCTION revoke_session() RESET search_path")
    assert {"SEC002 public.budgets", "SEC015 public.revoke_session"} <= set(findings(db))


def test_nothing_is_found_in_the_warehouse_and_a_hole_would_be(warehouse: Database) -> None:
    # What lies between the operational tables and the marts is of the role alone that makes it: no person reads there.
    def found() -> set[str]:
        told = findings(warehouse, "pgrls_warehouse.toml", Role.TRANSFORM)
        return {finding for finding in told if not finding.startswith("SEC027 intermediate.")}

    assert found() == set()
    with warehouse.transaction(Role.TRANSFORM) as conn:
        conn.execute("ALTER POLICY cauce_user_select ON marts.usage_daily USING (true)")
        conn.execute("ALTER TABLE intermediate.int_usage_daily NO FORCE ROW LEVEL SECURITY")
    assert {"SEC027 marts.usage_daily", "SEC002 intermediate.int_usage_daily"} <= found()
