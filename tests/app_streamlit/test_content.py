"""Nothing of what people say to agents reaches an admin: not through a page, not through anything the role may read."""

from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql

from app_streamlit import provider
from app_streamlit.catalog import ENTRIES
from cauce.database import Database, Role
from ingest import load_file
from tests.app_streamlit.conftest import text_of
from tests.app_streamlit.seed import ADMIN, ANA, publish_marts
from tests.conftest import sign_in_to
from tests.expectations.world import copy_of
from tests.ingest.inputs import event, write_events

CANARY = "qzxcanario"
SPAN = {
    "traceId": "0af7651916cd43dd8448eb211c80319c",
    "spanId": "0000000000000009",
    "name": "chat",
    "startTimeUnixNano": "1762945200000000000",
    "endTimeUnixNano": "1762945201000000000",
    "status": {"code": 2, "message": f"the provider refused: {CANARY} span error"},
    "attributes": [
        {"key": name, "value": {"stringValue": value}}
        for name, value in {
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.system": "openai",
            "gen_ai.usage.input_tokens": "14",
            "gen_ai.usage.output_tokens": "96",
            "user.email": ANA,
            "gen_ai.conversation.id": "c-1",
            "gen_ai.prompt": f"{CANARY} span prompt",
            "gen_ai.completion": f"{CANARY} span completion",
        }.items()
    ],
}
SAID = {
    "timestamp": "2025-11-12T12:00:00Z",
    "prompt": f"{CANARY} prompt",
    "completion": f"{CANARY} completion",
    "question": f"{CANARY} unknown field",
    "success": False,
    "error": f"invalid request: {CANARY} error",
}
READABLE = """
SELECT n.nspname, c.relname, array_agg(a.attname ORDER BY a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition AND n.nspname !~ '^pg_|^information_schema$'
  AND a.attnum > 0 AND NOT a.attisdropped
  AND has_schema_privilege('cauce_admin', n.oid, 'USAGE')
  AND has_column_privilege('cauce_admin', c.oid, a.attnum, 'SELECT')
GROUP BY 1, 2 ORDER BY 1, 2
"""
HIDDEN = """
SELECT 'messages', count(*) FROM messages WHERE content LIKE %(canary)s
UNION ALL SELECT 'units', count(*) FROM usage_logs WHERE units::text LIKE %(canary)s
UNION ALL SELECT 'errors', count(*) FROM usage_logs WHERE error_message LIKE %(canary)s
UNION ALL SELECT 'reversed', count(*) FROM usage_reversals WHERE call::text LIKE %(canary)s
UNION ALL SELECT 'kept aside', count(*) FROM quarantined_rows
"""


@pytest.fixture(scope="module")
def told(world, tmp_path_factory):
    """A copy of the world in which Ana said something, in every place where a file can carry it."""
    folder = tmp_path_factory.mktemp("told")
    with copy_of(world.db, folder) as database:
        spans = {"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]}
        load_file(database, write_events(folder / "spans.jsonl", [spans]))
        bad = {"timestamp": "yesterday", "event_id": "bad"}
        events = [event(1, **SAID), event(2, **SAID), event(3, **SAID | bad), {"reverses": "e2"}]
        load_file(database, write_events(folder / "events.jsonl", events))
        publish_marts(database, as_of=datetime(2025, 11, 15, 18, 0, tzinfo=UTC))
        yield database


def test_it_is_there(told: Database) -> None:
    with psycopg.connect(told.address.superuser_url, dbname=told.address.name) as conn:
        hidden: dict[str, int] = dict(conn.execute(HIDDEN.encode(), {"canary": f"%{CANARY}%"}).fetchall())
    assert hidden == {"messages": 6, "units": 1, "errors": 2, "reversed": 1, "kept aside": 1}


def test_nothing_the_role_may_read_holds_it(told: Database) -> None:
    with psycopg.connect(told.address.superuser_url, dbname=told.address.name) as conn:
        readable = conn.execute(READABLE.encode()).fetchall()
    assert {("public", "usage_logs"), ("marts", "usage_daily")} <= {(schema, name) for schema, name, _ in readable}
    found, rows = [], 0
    with told.transaction(Role.ADMIN, session_token=sign_in_to(told, ADMIN)) as conn:
        for schema, name, columns in readable:
            query = sql.SQL("SELECT count(*), count(*) FILTER (WHERE concat_ws(' ', {}) ~* {}) FROM {}").format(
                sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Literal(CANARY), sql.Identifier(schema, name)
            )
            read = conn.execute(query).fetchone()
            assert read
            rows += read[0]
            found += [f"{schema}.{name}"] * bool(read[1])
    assert found == []
    assert rows > 100


@pytest.mark.parametrize("key", [entry.key for entry in ENTRIES if entry.audience == "admin"])
def test_no_page_of_admins_shows_it(told: Database, browser, key: str) -> None:
    provider.use(told)
    browser.token = sign_in_to(told, ADMIN)
    page = browser.open(key)
    assert not page.exception
    shown = text_of(page) + "".join(table.value.to_csv() for table in page.dataframe)
    assert CANARY not in shown
    assert not page.error
