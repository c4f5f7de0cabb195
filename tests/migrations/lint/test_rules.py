"""Rules of the whole schema in the manner of catalogue linters: each a query for what is wrong, and a wrong thing it finds."""

from pathlib import Path

import psycopg
import pytest

from cauce.database import Database

RULES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.sql"))}
TENANT = "(user_id uuid REFERENCES users ON DELETE CASCADE, id uuid, PRIMARY KEY (user_id, id))"
WRONG = {
    "constraint_not_validated": "ALTER TABLE agents ADD CONSTRAINT wrong CHECK (name <> '') NOT VALID",
    "duplicate_index": "CREATE INDEX wrong ON agents (created_by)",
    "extension_in_public": "CREATE EXTENSION citext SCHEMA public",
    "foreign_key_that_blocks_erasure": "ALTER TABLE agents ADD wrong uuid REFERENCES users",
    "foreign_key_without_tenant": (
        "ALTER TABLE chat_sessions ADD UNIQUE (id);"
        "ALTER TABLE transactions ADD wrong uuid REFERENCES chat_sessions (id) ON DELETE CASCADE"
    ),
    "function_called_per_row": "CREATE POLICY wrong ON agents TO cauce_signin USING (id = current_user_id())",
    "function_without_search_path": "CREATE FUNCTION wrong() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "index_that_is_a_prefix": "CREATE INDEX wrong ON usage_logs (user_id)",
    "materialized_view": (
        "CREATE MATERIALIZED VIEW wrong AS SELECT * FROM transactions; GRANT SELECT ON wrong TO cauce_analyst"
    ),
    "no_primary_key": "CREATE TABLE wrong (user_id uuid)",
    "other_privilege": "GRANT TRIGGER ON agents TO cauce_ingest",
    "owned_by_somebody_else": "ALTER TABLE agents OWNER TO cauce_transform",
    "policy_without_row_security": "ALTER TABLE agents DISABLE ROW LEVEL SECURITY",
    "powerful_role": "GRANT cauce_admin TO cauce_user",
    "row_security_without_policy": f"CREATE TABLE wrong {TENANT}; ALTER TABLE wrong ENABLE ROW LEVEL SECURITY",
    "secret_column_exposed": "GRANT SELECT (session_token) ON auth_sessions TO cauce_admin",
    "several_policies_for_one_command": "CREATE POLICY wrong ON agents FOR SELECT TO cauce_user USING (false)",
    "table_without_row_security": f"CREATE TABLE wrong {TENANT}; ALTER TABLE wrong ENABLE ROW LEVEL SECURITY",
    "temporary_names_first": "ALTER FUNCTION current_user_id() SET search_path = pg_catalog, public",
    "timestamp_without_zone": "ALTER TABLE agents ADD wrong timestamp",
    "unindexed_foreign_key": "ALTER TABLE agents ADD wrong uuid REFERENCES users ON DELETE CASCADE",
    "view_of_its_owner": "CREATE VIEW wrong AS SELECT * FROM transactions",
}


@pytest.fixture
def conn(shared_db: Database):
    """The superuser, in a transaction that is not kept: wrong things of any kind can be made."""
    with psycopg.connect(shared_db.address.superuser_url, dbname=shared_db.address.name) as connection:
        yield connection
        connection.rollback()


def found(conn: psycopg.Connection, rule: str) -> list[str]:
    return sorted(row[0] for row in conn.execute(RULES[rule].encode()).fetchall())


@pytest.mark.parametrize("rule", RULES)
def test_the_schema_is_clean_and_a_wrong_thing_would_be_found(conn: psycopg.Connection, rule: str) -> None:
    clean = found(conn, rule)
    conn.execute(WRONG[rule].encode())
    assert set(found(conn, rule)) - set(clean), "the rule finds nothing wrong in what is wrong"
    assert clean == []
