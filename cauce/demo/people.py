"""The people and agents of the demo in the database."""

from dataclasses import asdict
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from cauce.database import Database, Role
from cauce.demo.agents import AGENTS
from cauce.demo.plan import DemoPerson, DemoPlan
from cauce.demo.prices import write_prices
from cauce.demo.subscriptions import write_history
from cauce.demo.window import Window
from cauce.security.people import erased

_AGENTS = """
INSERT INTO agents (slug, name, description, category, is_public)
SELECT g.slug, g.name, g.description, g.category, true
FROM jsonb_to_recordset(%s) AS g (slug text, name text, description text, category text)
ON CONFLICT (slug) DO NOTHING
"""
_PEOPLE = """
INSERT INTO users (email, email_verified, name, display_name, timezone, language, role, subscription_tier)
SELECT g.email, now(), g.name, g.display_name, g.timezone, g.language, g.role, g.subscription_tier
FROM jsonb_to_recordset(%s) AS g (
  email text, name text, display_name text, timezone text, language text, role text, subscription_tier text
)
ON CONFLICT (lower(email)) DO NOTHING
RETURNING id, email
"""
_SETTINGS = "INSERT INTO user_settings (user_id, language) SELECT * FROM unnest(%s::uuid[], %s::text[])"
_PROFILES = "INSERT INTO financial_profiles (user_id, currency) SELECT * FROM unnest(%s::uuid[], %s::text[])"
_LIMITS = """UPDATE users SET custom_limits = '{"messages": 150000, "tokens": null}' WHERE id = ANY (%s)"""
"""What was agreed with one company: more messages than its plan includes, and any number of tokens."""


def create_people(db: Database, plan: DemoPlan) -> None:
    """Create the plan's people, with zones, plans, settings and currency, and the agents they use.

    Who is there already stays as they are: again is the same, and keeps what a person has set since. Who was erased
    stays away.
    """
    gone = erased(db, [person.email for person in plan.people])
    by_email = {person.email: person for person in plan.people if person.email not in gone}
    with db.transaction(Role.OWNER) as conn:
        conn.execute(_AGENTS, (Jsonb([asdict(agent) for agent in AGENTS]),))
        rows = conn.execute(_PEOPLE, (Jsonb([_fields(person) for person in by_email.values()]),)).fetchall()
        made = [(UUID(str(user_id)), by_email[email]) for user_id, email in rows]
        ids = [user_id for user_id, _ in made]
        conn.execute(_SETTINGS, (ids, [person.language for _, person in made]))
        conn.execute(_PROFILES, (ids, [person.currency for _, person in made]))
        for user_id, person in made:
            _zones(conn, user_id, person)
        window = Window.ending(plan.today, plan.months)
        conn.execute(_LIMITS, ([user_id for user_id, person in made if person.subscription_tier == "ENTERPRISE"][:1],))
        write_history(conn, plan.seed, window, made)
        admin = plan.people[0].email
        if any(person.email == admin for _, person in made):
            write_prices(conn, window, admin)


def _fields(person: DemoPerson) -> dict[str, str]:
    names = ("email", "name", "display_name", "timezone", "language", "role", "subscription_tier")
    return {name: getattr(person, name) for name in names}


def _zones(conn: psycopg.Connection, user_id: UUID, person: DemoPerson) -> None:
    """Put the zones a person was in before: the database made the one of today the zone of all time."""
    for index, (since, zone) in enumerate(person.timezone_changes):
        if index == 0:
            conn.execute("UPDATE user_timezones SET timezone = %s WHERE user_id = %s", (zone, user_id))
        else:
            conn.execute(
                "INSERT INTO user_timezones (user_id, valid_from, timezone) VALUES (%s, %s, %s)",
                (user_id, since, zone),
            )
