"""A real PostgreSQL for every test: one embedded server a run, one migrated template, one fresh copy a test."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from cauce.database import Database, Role
from cauce.database.database import Address
from cauce.database.migrations import migrate
from cauce.database.roles import ensure_privileges
from cauce.database.server import EmbeddedServer
from cauce.models.identity import UserRole
from cauce.security.people import ensure_person
from cauce.security.secrets import load_secrets
from cauce.security.sign_in import consume, issue_link
from cauce.settings import Settings

HOME = "CAUCE_TEST_HOME"
TEMPLATE = "cauce_template"
ROOM = 10 * 2**30
"""Bytes; the tests with most rows fill some three gigabytes, their log of changes two more."""


def pytest_configure(config: pytest.Config) -> None:
    """The controlling process owns the server's home; workers find it in the environment."""
    if HOME not in os.environ:
        os.environ[HOME] = tempfile.mkdtemp(prefix="cauce-tests-", dir=_in_memory())
        config.stash[OWNED] = os.environ[HOME]


def _in_memory() -> str | None:
    """Where files live in memory, if there is room for the tests' server; it is not durable anyway.

    A test's database is a copy of a thousand files: on a disk that took most of the tests' time.
    """
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < ROOM:
        return None
    return str(memory)


def pytest_unconfigure(config: pytest.Config) -> None:
    home = config.stash.get(OWNED, None)
    if home:
        EmbeddedServer(Path(home), fsync=False).stop(mode="immediate")
        shutil.rmtree(home, ignore_errors=True)
        del os.environ[HOME]


OWNED = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def template() -> Address:
    """The migrated database that every test's own is copied from."""
    home = Path(os.environ[HOME])
    settings = Settings(home=home, durable=False, database_url=None)
    origin = Database.from_settings(settings)
    address = Address(origin.address.host, origin.address.port, TEMPLATE, origin.address.superuser_url)
    with psycopg.connect(address.superuser_url, autocommit=True) as conn:
        conn.execute("SELECT pg_advisory_lock(hashtext('cauce:test-template'))")
        row = conn.execute("SELECT datistemplate FROM pg_database WHERE datname = %s", (TEMPLATE,)).fetchone()
        if row != (True,):
            database = Database(address, load_secrets(home), settings)
            migrate(database)
            database.close()
            conn.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(sql.Identifier(TEMPLATE)))
    return address


@pytest.fixture(scope="session")
def new_database(template: Address) -> Callable[[Path], Database]:
    """Makes a fresh copy of the template; the caller drops it with `drop_database`."""

    def make(home: Path) -> Database:
        name = f"t_{uuid4().hex}"
        with psycopg.connect(template.superuser_url, autocommit=True) as conn:
            conn.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy OWNER {}").format(
                    sql.Identifier(name), sql.Identifier(TEMPLATE), sql.Identifier(Role.OWNER)
                )
            )
        ensure_privileges(template.superuser_url, name)
        address = Address(template.host, template.port, name, template.superuser_url)
        settings = Settings(home=home, durable=False, database_url=None, inbox=home / "inbox")
        return Database(address, load_secrets(Path(os.environ[HOME])), settings)

    return make


def drop_database(database: Database) -> None:
    database.close()
    with psycopg.connect(database.address.superuser_url, autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database.address.name)))


@pytest.fixture
def db(new_database: Callable[[Path], Database], tmp_path: Path) -> Iterator[Database]:
    """A fresh, migrated database of the test's own."""
    database = new_database(tmp_path)
    yield database
    drop_database(database)


@pytest.fixture(scope="module")
def shared_db(new_database: Callable[[Path], Database], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A fresh, migrated database shared by the tests of one module, for what is costly to build and only read."""
    database = new_database(tmp_path_factory.mktemp("shared"))
    yield database
    drop_database(database)


def make_person_in(
    database: Database,
    email: str = "ana@example.com",
    *,
    role: str = "USER",
    timezone: str = "America/Mexico_City",
    language: str = "es",
    currency: str = "MXN",
) -> UUID:
    """Make a person with a financial profile in `currency`."""
    person = ensure_person(database, email, role=UserRole(role), timezone=timezone, language=language)
    with database.transaction(Role.OWNER) as conn:
        conn.execute(
            "INSERT INTO financial_profiles (user_id, currency) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (person, currency),
        )
    return person


def sign_in_to(database: Database, email: str, *, ip: str | None = None, user_agent: str | None = None) -> str:
    """Sign a person in the way a browser does; gives the session's token."""
    session = consume(database, issue_link(database, email).split("token=")[1], ip=ip, user_agent=user_agent)
    assert session, f"{email} could not sign in"
    return session


@pytest.fixture
def make_person(db: Database) -> Callable[..., UUID]:
    def make(email: str = "ana@example.com", **options: str) -> UUID:
        return make_person_in(db, email, **options)

    return make


@pytest.fixture
def sign_in(db: Database) -> Callable[[str], str]:
    return lambda email: sign_in_to(db, email)


@pytest.fixture(scope="session")
def samples() -> Path:
    """The shared real-world sample files; where they are absent the run says so by failing."""
    folder = Path(os.environ.get("CAUCE_SAMPLES", Path(__file__).parents[2] / "shared" / "samples"))
    if not folder.is_dir():
        message = f"the shared samples are not at {folder}: set CAUCE_SAMPLES to their folder"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return folder
