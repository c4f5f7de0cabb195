"""A database of Cauce: where it is, and a transaction as any of its roles."""

import atexit
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode
from uuid import UUID

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool, PoolTimeout

from cauce.database.roles import Role
from cauce.database.server import EmbeddedServer
from cauce.errors import FatalError, RetriableError
from cauce.progress import Progress
from cauce.security.envelope import Sealer
from cauce.security.keyring import KeyRing, StoredKey, stored_keys
from cauce.security.secrets import Secrets, load_secrets
from cauce.settings import Settings

EMBEDDED_DATABASE = "cauce"
LOCK_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is. `superuser_url` is for making roles and databases only."""

    host: str
    port: int
    name: str
    superuser_url: str
    options: dict[str, str] = field(default_factory=dict)


class Database:
    """One PostgreSQL database with Cauce's roles; every layer is given one and opens transactions as its own role."""

    def __init__(self, address: Address, secrets: Secrets, settings: Settings) -> None:
        """Describe a database; nothing is connected yet."""
        self.address = address
        self.secrets = secrets
        self.settings = settings
        self.sealer = Sealer(secrets, KeyRing(secrets, self._stored_keys))
        self._pools: dict[Role, ConnectionPool] = {}
        _OPEN.add(self)

    @classmethod
    def from_settings(cls, settings: Settings, *, on_progress: Progress | None = None) -> "Database":
        """The database the settings name; the embedded server is started when it is not running."""
        secrets = load_secrets(settings.home, settings.secret_key)
        if settings.database_url:
            return cls(_external(settings.database_url), secrets, settings)
        server = EmbeddedServer(settings.home, fsync=settings.durable).ensure_running(on_progress=on_progress)
        superuser = f"postgresql://{server.superuser}:{quote(server.password)}@{server.host}:{server.port}/postgres"
        return cls(Address(server.host, server.port, EMBEDDED_DATABASE, superuser), secrets, settings)

    def url(self, role: Role, *, driver: str | None = None) -> str:
        """A libpq URL to connect as a role; with `driver` (`psycopg`) one for SQLAlchemy."""
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        host = f"[{self.address.host}]" if ":" in self.address.host else quote(self.address.host, safe="")
        query = f"?{urlencode(self.address.options)}" if self.address.options else ""
        password = self.secrets.password(role)
        return f"{scheme}://{role}:{password}@{host}:{self.address.port}/{quote(self.address.name)}{query}"

    @contextmanager
    def transaction(
        self, role: Role, *, session_token: str | None = None, tenant: UUID | None = None
    ) -> Iterator[psycopg.Connection]:
        """One transaction as `role`: committed at the end, rolled back on an error.

        `session_token` says who a `cauce_user` is, `tenant` whose rows a batch of `cauce_ingest` writes; both hold for
        this transaction only. Raises `RetriableError` when the server cannot be reached.
        """
        try:
            with self._pool(role).connection(timeout=10) as conn:
                if session_token is not None:
                    conn.execute("SELECT set_config('cauce.session_token', %s, true)", (session_token,))
                if tenant is not None:
                    conn.execute("SELECT set_config('cauce.tenant_id', %s, true)", (str(tenant),))
                yield conn
        except PoolTimeout as error:
            raise RetriableError(
                "the database does not answer", where=self.where, action="run `cauce status`, then `cauce up`"
            ) from error

    @contextmanager
    def lock(self, name: str, *, on_wait: Progress | None = None) -> Iterator[None]:
        """Hold the advisory lock `name`; one holder at a time, and a crashed holder lets go by itself.

        Whoever waits asks again and again: a statement that waits in the server is one that an index made concurrently
        by the holder would wait for.
        """
        take = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (f"cauce:{name}",)
        with self.connect(Role.OWNER, autocommit=True) as conn:
            if conn.execute(*take).fetchone() != (True,):
                if on_wait:
                    on_wait(f"waiting for another `cauce` that is at work ({name})")
                while conn.execute(*take).fetchone() != (True,):
                    time.sleep(LOCK_POLL_SECONDS)
            yield

    def connect(self, role: Role, *, autocommit: bool = False) -> psycopg.Connection:
        """A connection of one's own as `role`, outside the pool; to be closed by the caller."""
        try:
            return psycopg.connect(self.url(role), autocommit=autocommit, connect_timeout=10)
        except psycopg.OperationalError as error:
            raise FatalError(
                f"cannot connect as {role}: {str(error).strip().splitlines()[-1]}",
                where=self.where,
                action="run `cauce migrate` once; then `cauce doctor` says what is wrong",
            ) from error

    @property
    def where(self) -> str:
        """Host, port and name, without a secret."""
        return f"{self.address.host}:{self.address.port}/{self.address.name}"

    def close(self) -> None:
        """Close the pools."""
        while self._pools:
            self._pools.popitem()[1].close()

    def _stored_keys(self) -> list[StoredKey]:
        """Read on a connection of its own: the pool's may all be busy with transactions that wait for the keys."""
        with self.connect(Role.INGEST) as conn:
            return stored_keys(conn)

    def _pool(self, role: Role) -> ConnectionPool:
        if role not in self._pools:
            self._pools[role] = ConnectionPool(
                self.url(role), min_size=0, max_size=8, max_idle=60, open=True, name=f"{role}"
            )
        return self._pools[role]


_OPEN: weakref.WeakSet[Database] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for database in list(_OPEN):
        database.close()


def _external(url: str) -> Address:
    try:
        parts = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.ProgrammingError as error:
        raise FatalError(
            "DATABASE_URL is not a PostgreSQL address", action="write postgresql://role:password@host:port/database"
        ) from error
    options = {key: parts[key] for key in parts if key.startswith("ssl")}
    name = parts.get("dbname", "postgres")
    return Address(parts.get("host", "localhost"), int(parts.get("port", "5432")), name, url, options)
