"""A `cauce` command of a test's own: its home, its inbox, and a database on the tests' server."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from cauce.database import Role
from cauce.database.database import Address
from cauce.database.roles import ensure_privileges

Cauce = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment(template: Address, tmp_path: Path) -> dict[str, str]:
    """What a command needs: a migrated database named by DATABASE_URL, as on a server of the user's own."""
    name = f"cli_{uuid4().hex}"
    with psycopg.connect(template.superuser_url, autocommit=True) as conn:
        conn.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy OWNER {}").format(
                sql.Identifier(name), sql.Identifier(template.name), sql.Identifier(Role.OWNER)
            )
        )
    ensure_privileges(template.superuser_url, name)
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    secret = (Path(os.environ["CAUCE_TEST_HOME"]) / "secrets" / "key").read_text().strip()
    return {
        **kept,
        "CAUCE_HOME": str(tmp_path / "home"),
        "CAUCE_INBOX": str(tmp_path / "inbox"),
        "CAUCE_SECRET_KEY": secret,  # the roles of the server are shared with the other tests
        "DATABASE_URL": template.superuser_url.rsplit("/", 1)[0] + f"/{name}",
        "COLUMNS": "200",
    }


@pytest.fixture
def empty(environment: dict[str, str], template: Address) -> dict[str, str]:
    """The same before anything was migrated."""
    name = f"cli_{uuid4().hex}"
    with psycopg.connect(template.superuser_url, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return {"DATABASE_URL": template.superuser_url.rsplit("/", 1)[0] + f"/{name}"}


@pytest.fixture
def cauce(environment: dict[str, str]) -> Cauce:
    def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cauce", *arguments],
            env={**environment, **changes},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run
