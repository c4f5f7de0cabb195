"""pgrls, the row security linter, finds nothing in the migrated database beside what `pgrls.toml` gives a reason for."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg

from cauce.database import Database, Role

CONFIG = Path(__file__).parent / "pgrls.toml"


def findings(db: Database) -> list[str]:
    """What it finds, as rule and object."""
    command = [sys.executable, "-m", "pgrls", "lint", "--config", str(CONFIG), "--format", "json"]
    done = subprocess.run(
        command, env={"DATABASE_URL": db.url(Role.OWNER)}, capture_output=True, text=True, timeout=120, check=False
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
