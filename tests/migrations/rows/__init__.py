"""One row of a person in every table that holds a person's data."""

from uuid import UUID

import psycopg

from tests.migrations.rows import (
    agents,
    artifacts,
    billing,
    chats,
    documents,
    finance,
    health,
    identity,
    integrations,
    pipeline,
    security,
    storage,
    support,
    usage,
)

DOMAINS = (
    identity,
    agents,
    chats,
    usage,
    finance,
    health,
    pipeline,
    security,
    billing,
    artifacts,
    documents,
    integrations,
    storage,
    support,
)
STATEMENTS = {table: statement for domain in DOMAINS for table, statement in domain.STATEMENTS.items()}
"""By table, in an order in which they can be run. A person's sign-in makes the rows of the other tables."""


def fill(conn: psycopg.Connection, person: UUID) -> None:
    """Give the person a row in each of the tables; the row's own id is the person's."""
    conn.execute("SELECT ensure_month_partitions(now(), now())")
    conn.execute("INSERT INTO agents (name, slug) VALUES ('A', 'a') ON CONFLICT DO NOTHING")
    for statement in STATEMENTS.values():
        conn.execute(statement.encode(), {"person": person, "id": person})
