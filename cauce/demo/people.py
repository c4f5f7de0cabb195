"""The people and agents of the demo in the database."""

import psycopg

from cauce.database import Database, Role
from cauce.demo.agents import AGENTS
from cauce.demo.plan import DemoPerson, DemoPlan


def create_people(db: Database, plan: DemoPlan) -> None:
    """Create the plan's people, with zones, settings and currency, and the agents they use; again is the same."""
    with db.transaction(Role.OWNER) as conn:
        for agent in AGENTS:
            conn.execute(
                """INSERT INTO agents (name, slug, description, category, is_public)
                   VALUES (%s, %s, %s, %s, true)
                   ON CONFLICT (slug) DO UPDATE
                   SET name = excluded.name, description = excluded.description, category = excluded.category""",
                (agent.name, agent.slug, agent.description, agent.category),
            )
        for person in plan.people:
            _create(conn, person)


def _create(conn: psycopg.Connection, person: DemoPerson) -> None:
    row = conn.execute(
        """INSERT INTO users (email, email_verified, name, display_name, timezone, language, role, subscription_tier)
           VALUES (%s, now(), %s, %s, %s, %s, %s, %s)
           ON CONFLICT (lower(email)) DO UPDATE
           SET name = excluded.name, display_name = excluded.display_name, timezone = excluded.timezone,
               language = excluded.language, role = excluded.role, subscription_tier = excluded.subscription_tier
           RETURNING id""",
        (
            *(person.email, person.name, person.display_name, person.timezone),
            *(person.language, person.role, person.subscription_tier),
        ),
    ).fetchone()
    if row is None:  # an upsert always returns its row
        raise AssertionError
    user_id = row[0]
    first = person.timezone_changes[0][1] if person.timezone_changes else person.timezone
    zones = [("-infinity", first), *((since.isoformat(), zone) for since, zone in person.timezone_changes[1:])]
    conn.execute("DELETE FROM user_timezones WHERE user_id = %s", (user_id,))
    for since, zone in zones:
        conn.execute(
            "INSERT INTO user_timezones (user_id, valid_from, timezone) VALUES (%s, %s::timestamptz, %s)",
            (user_id, since, zone),
        )
    conn.execute(
        """INSERT INTO user_settings (user_id, language) VALUES (%s, %s)
           ON CONFLICT (user_id) DO UPDATE SET language = excluded.language""",
        (user_id, person.language),
    )
    conn.execute(
        """INSERT INTO financial_profiles (user_id, currency) VALUES (%s, %s)
           ON CONFLICT (user_id) DO UPDATE SET currency = excluded.currency""",
        (user_id, person.currency),
    )
