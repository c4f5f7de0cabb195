"""One row of a person in every table that holds a person's data."""

from uuid import UUID

import psycopg

STATEMENTS = {
    "user_settings": "INSERT INTO user_settings (user_id) VALUES (%(person)s)",
    "user_agent_permissions": (
        "INSERT INTO user_agent_permissions (user_id, agent_id) VALUES (%(person)s, (SELECT id FROM agents WHERE slug = 'a'))"
    ),
    "chat_sessions": "INSERT INTO chat_sessions (user_id, id, title) VALUES (%(person)s, %(id)s, 'x')",
    "conversations": (
        "INSERT INTO conversations (user_id, id, chat_session_id, agent_id, title)"
        " VALUES (%(person)s, %(id)s, %(id)s, (SELECT id FROM agents WHERE slug = 'a'), 'x')"
    ),
    "messages": (
        "INSERT INTO messages (user_id, id, conversation_id, role, content) VALUES (%(person)s, %(id)s, %(id)s, 'user', 'hola')"
    ),
    "usage_logs": (
        "INSERT INTO usage_logs (user_id, id, agent_id, source, event_id, model, tokens_input, tokens_output, total_tokens,"
        " total_cost) VALUES (%(person)s, %(id)s, (SELECT id FROM agents WHERE slug = 'a'), 's', 'e', 'm', 7, 3, 10, 0.5)"
    ),
    "usage_event_keys": (
        "INSERT INTO usage_event_keys (event_key, user_id, usage_id, timestamp, content_hash)"
        " VALUES (%(id)s, %(person)s, %(id)s, now(), %(id)s)"
    ),
    "financial_accounts": (
        "INSERT INTO financial_accounts (user_id, id, financial_profile_id, name, type)"
        " VALUES (%(person)s, %(id)s, (SELECT id FROM financial_profiles WHERE user_id = %(person)s), 'x', 'checking')"
    ),
    "transactions": (
        "INSERT INTO transactions (user_id, id, financial_profile_id, account_id, date, description, amount, currency, type)"
        " VALUES (%(person)s, %(id)s, (SELECT id FROM financial_profiles WHERE user_id = %(person)s), %(id)s,"
        " current_date, 'x', -10, 'MXN', 'expense')"
    ),
    "budgets": (
        "INSERT INTO budgets (user_id, id, financial_profile_id, name, category, amount, start_date)"
        " VALUES (%(person)s, %(id)s, (SELECT id FROM financial_profiles WHERE user_id = %(person)s), 'x', 'x', 1,"
        " current_date)"
    ),
    "health_profiles": "INSERT INTO health_profiles (user_id, id) VALUES (%(person)s, %(id)s)",
    "medications": (
        "INSERT INTO medications (user_id, id, health_profile_id, name, start_date, external_id)"
        " VALUES (%(person)s, %(id)s, %(id)s, 'x', current_date, 'x')"
    ),
    "medication_schedules": (
        "INSERT INTO medication_schedules (user_id, id, medication_id, start_date)"
        " VALUES (%(person)s, %(id)s, %(id)s, current_date)"
    ),
    "medication_logs": (
        "INSERT INTO medication_logs (user_id, id, medication_id, scheduled_time, status, local_date)"
        " VALUES (%(person)s, %(id)s, %(id)s, now(), 'tomado', current_date)"
    ),
    "health_measurements": (
        "INSERT INTO health_measurements (user_id, id, health_profile_id, type, value, local_date, external_id)"
        """ VALUES (%(person)s, %(id)s, %(id)s, 'weight', '{"kg": 70}', current_date, 'x')"""
    ),
    "ingest_batches": (
        "INSERT INTO ingest_batches (id, user_id, domain, source_file, format, format_version, content_sha256)"
        " VALUES (%(id)s, %(person)s, 'finance', 'x.ofx', 'ofx', 1, 'x')"
    ),
    "quarantined_rows": (
        "INSERT INTO quarantined_rows (id, batch_id, user_id, domain, record, rule, reason, raw_sealed, raw_hash)"
        " VALUES (%(id)s, %(id)s, %(person)s, 'finance', 1, 'x', 'x', 'x', 'x')"
    ),
}
"""By table, in an order in which they can be run. A person's sign-in makes the rows of the other tables."""


def fill(conn: psycopg.Connection, person: UUID) -> None:
    """Give the person a row in each of the tables; the row's own id is the person's."""
    conn.execute("SELECT ensure_month_partitions(now(), now())")
    conn.execute("INSERT INTO agents (name, slug) VALUES ('A', 'a') ON CONFLICT DO NOTHING")
    for statement in STATEMENTS.values():
        conn.execute(statement.encode(), {"person": person, "id": person})
