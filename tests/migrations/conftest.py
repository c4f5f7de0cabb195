"""Databases that no revision has touched yet."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from cauce.database import Database, Role
from cauce.database.database import Address
from cauce.database.roles import ensure_privileges
from cauce.security.secrets import load_secrets
from cauce.settings import Settings
from tests.conftest import HOME, drop_database


@pytest.fixture
def empty_db(template: Address, tmp_path: Path) -> Iterator[Database]:
    """A database of the test's own with roles that may connect and no tables."""
    with empty_database(template, tmp_path) as database:
        yield database


@contextmanager
def empty_database(template: Address, home: Path) -> Iterator[Database]:
    """Make such a database, and drop it in the end."""
    name = f"t_{uuid4().hex}"
    with psycopg.connect(template.superuser_url, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(Role.OWNER)))
    ensure_privileges(template.superuser_url, name)
    address = Address(template.host, template.port, name, template.superuser_url)
    settings = Settings(home=home, durable=False, database_url=None)
    database = Database(address, load_secrets(Path(os.environ[HOME])), settings)
    yield database
    drop_database(database)
