"""Usage of several people over several months, as the archive's tests want it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

import psycopg

from cauce.database import Database, Role
from tests.conftest import make_person_in

NAMES = UUID(int=0)
OLD = datetime(2024, 3, 5, 12, 0, tzinfo=UTC)
"""In a month that is older than a year whenever the test runs."""
INSERT = """
INSERT INTO usage_logs (user_id, id, timestamp, agent_id, source, event_id, provider, model, tokens_input, tokens_output,
  total_tokens, units, total_cost, duration, success, error_message)
VALUES (%s, %s, %s, (SELECT id FROM agents WHERE slug = %s), 's', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


def people(database: Database) -> tuple[UUID, UUID]:
    ana, luis = (make_person_in(database, f"{name}@example.com") for name in ("ana", "luis"))
    with database.transaction(Role.OWNER) as conn:
        conn.execute("INSERT INTO agents (name, slug) VALUES ('A', 'a'), ('B', 'b') ON CONFLICT DO NOTHING")
    return ana, luis


def add_usage(conn: psycopg.Connection, person: UUID, at: datetime, events: int = 12) -> None:
    """Calls every seven hours from an instant on: of two agents, known and unknown costs, with every awkward text."""
    conn.execute("SELECT ensure_month_partitions(%s, %s)", (at, at + timedelta(hours=7 * events)))
    for n in range(events):
        event = f"{person}-{at:%Y%m%d}-{n}"
        texts = [None, "", 'a "quoted"\nline, with \\N', "ñandú 🦤"]
        conn.execute(
            INSERT,
            (
                person, uuid5(NAMES, event), at + timedelta(hours=7 * n, microseconds=n), "ab"[n % 2], event,
                [None, "openai"][n % 2], ["m", "n"][n // 6 % 2], 10 + n, n, 10 + 2 * n, [None, '{"images": 1}'][n % 2],
                [None, Decimal("0.000525000001")][n % 3 > 0], [None, 0, 250][n % 3], n % 5 > 0, texts[n % 4],
            ),
        )  # fmt: skip
        conn.execute(
            "INSERT INTO usage_event_keys (event_key, user_id, usage_id, timestamp, content_hash) VALUES (%s, %s, %s, %s, %s)",
            (uuid5(NAMES, event), person, uuid5(NAMES, event), at + timedelta(hours=7 * n, microseconds=n), NAMES),
        )
