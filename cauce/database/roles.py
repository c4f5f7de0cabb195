"""The database roles: what each is for, and making them on a server."""

from contextlib import suppress
from enum import StrEnum

import psycopg
from psycopg import sql

from cauce.errors import FatalError
from cauce.security.secrets import Secrets


class Role(StrEnum):
    """Who connects. Each may do what `migrations` grants it, and nothing else."""

    OWNER = "cauce_owner"
    INGEST = "cauce_ingest"
    TRANSFORM = "cauce_transform"
    USER = "cauce_user"
    ADMIN = "cauce_admin"
    ANALYST = "cauce_analyst"
    SIGN_IN = "cauce_signin"


READERS = (Role.USER, Role.ADMIN, Role.ANALYST, Role.SIGN_IN)

LIMITS: dict[Role, dict[str, str]] = {
    Role.USER: {"statement_timeout": "30s", "idle_in_transaction_session_timeout": "60s"},
    Role.ADMIN: {"statement_timeout": "60s", "idle_in_transaction_session_timeout": "60s"},
    Role.SIGN_IN: {"statement_timeout": "10s", "idle_in_transaction_session_timeout": "30s"},
    Role.ANALYST: {
        "statement_timeout": "15s",
        "idle_in_transaction_session_timeout": "30s",
        "default_transaction_read_only": "on",
        "temp_file_limit": "1GB",
        "work_mem": "32MB",
    },
}
"""Settings a role starts every session with; those only a superuser may set are left out on servers of others."""


SHARED = """
SELECT p.oid::regprocedure::text FROM pg_proc AS p
WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname ~ %s
  AND (p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) AS a WHERE a.grantee = 0))
"""
"""Functions by a pattern of their names that everybody may still call."""
LARGE_OBJECTS = "^(lo_|loread$|lowrite$)"
ADVISORY_LOCKS = "^pg_(try_)?advisory_"
TURNS = "^pg_(try_)?advisory_xact_lock"
"""Locks that end with their transaction."""
SHARERS: dict[str, tuple[Role, ...]] = {
    TURNS: (Role.OWNER, Role.INGEST, Role.ADMIN),
    ADVISORY_LOCKS: (Role.OWNER,),
    LARGE_OBJECTS: (),
}
"""Who may call what all share: a lock of any name holds up who waits for it, a large object is read by everybody."""


def ensure_roles(superuser_url: str, database: str, secrets: Secrets) -> None:
    """Make the roles and the database where they are missing, and bring passwords and limits up to date.

    Idempotent. `superuser_url` names a role that may create roles; `database` is made when it does not exist.
    """
    with _maintenance(superuser_url) as conn:
        conn.execute("SELECT pg_advisory_lock(hashtext('cauce:roles'))")
        version = conn.info.server_version
        if version < 150_000:
            raise FatalError(
                f"PostgreSQL {version // 10_000} is too old",
                where="DATABASE_URL",
                action="use PostgreSQL 15 or later, or unset DATABASE_URL to use the embedded one",
            )
        is_superuser = conn.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (True,)
        for role in Role:
            _ensure_role(conn, role, secrets.password(role), is_superuser=is_superuser)
        if not is_superuser:
            conn.execute(sql.SQL("GRANT {} TO current_user").format(sql.Identifier(Role.OWNER)))
        if conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone() is None:
            conn.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(
                    sql.Identifier(database), sql.Identifier(Role.OWNER)
                )
            )
        ensure_privileges(superuser_url, database)


def _maintenance(superuser_url: str) -> psycopg.Connection:
    """Connect where roles and databases are made: the named database may not be there yet."""
    try:
        return psycopg.connect(superuser_url, dbname="postgres", autocommit=True)
    except psycopg.OperationalError:
        return psycopg.connect(superuser_url, autocommit=True)


def _ensure_role(conn: psycopg.Connection, role: Role, password: str, *, is_superuser: bool) -> None:
    name = sql.Identifier(role)
    exists = conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    verb = "ALTER" if exists else "CREATE"
    # The server hashes the password by itself (scram-sha-256).
    conn.execute(sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(password)))
    for setting, value in LIMITS.get(role, {}).items():
        if setting == "temp_file_limit" and not is_superuser:
            continue
        conn.execute(sql.SQL("ALTER ROLE {} SET {} = {}").format(name, sql.Identifier(setting), sql.Literal(value)))


def ensure_privileges(superuser_url: str, database: str) -> None:
    """Say who may connect to and create in a database; these privileges are not copied with a template."""
    target = sql.Identifier(database)
    statements: list[sql.SQL | sql.Composed] = [
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(target),
        sql.SQL("REVOKE ALL ON SCHEMA public FROM PUBLIC"),
        sql.SQL("GRANT CREATE, CONNECT, TEMPORARY ON DATABASE {} TO {}").format(target, sql.Identifier(Role.OWNER)),
        sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(sql.Identifier(Role.OWNER)),
        sql.SQL("GRANT CREATE, CONNECT, TEMPORARY ON DATABASE {} TO {}").format(target, sql.Identifier(Role.TRANSFORM)),
        sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(target, sql.Identifier(Role.INGEST)),
    ]
    statements += [sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(target, sql.Identifier(r)) for r in READERS]
    # Drafts of invoices are made in temporary tables.
    statements += [sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(target, sql.Identifier(Role.ADMIN))]
    statements += [sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(r)) for r in Role]
    with psycopg.connect(superuser_url, dbname=database, autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement)
        _keep_apart(conn)


def _keep_apart(conn: psycopg.Connection) -> None:
    """Leave what lies outside of every table to those who need it; on servers of others it stays as it is."""
    for pattern, roles in SHARERS.items():
        with suppress(psycopg.errors.InsufficientPrivilege), conn.transaction():
            for (function,) in conn.execute(SHARED, (pattern,)).fetchall():
                called = sql.SQL("FUNCTION pg_catalog." + function)
                for role in roles:
                    conn.execute(sql.SQL("GRANT EXECUTE ON {} TO {}").format(called, sql.Identifier(role)))
                conn.execute(sql.SQL("REVOKE EXECUTE ON {} FROM PUBLIC").format(called))
