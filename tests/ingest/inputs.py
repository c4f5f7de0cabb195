"""Small inputs for the load engine, and what is in the tables afterwards, in a form that two databases can share."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cauce.database import Database, Role
from ingest import FileReport

OUTCOMES = ("read", "loaded", "updated", "duplicate", "quarantined", "ignored")


def event(number: int, **changes: Any) -> dict[str, Any]:
    """One event of our JSON Lines format; a key that is None is left out."""
    event = {
        "event_id": f"e{number}",
        "timestamp": f"2026-03-{1 + number % 28:02}T{number % 24:02}:30:00Z",
        "user": "ana@example.com",
        "agent": "Asistente Finanzas",
        "conversation": f"c{number // 3}",
        "provider": "openai",
        "model": "gpt-4o-mini",
        "input_tokens": 100 + number,
        "output_tokens": 10,
        "success": True,
    } | changes
    return {key: value for key, value in event.items() if value is not None}


def write_events(path: Path, events: Sequence[Mapping[str, Any] | str]) -> Path:
    """Write a JSON Lines file; a text is written as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (line if isinstance(line, str) else json.dumps(line) for line in events)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def counts(report: FileReport) -> dict[str, int]:
    """The outcomes that are not zero."""
    found = {name: getattr(report, name) for name in OUTCOMES}
    return {name: number for name, number in found.items() if number}


_CONTENTS = {
    "usage_logs": """
        SELECT u.email, l.id, l.timestamp, a.slug, c.title, l.message_id, l.source, l.event_id, l.provider, l.model,
          l.tokens_input, l.tokens_output, l.total_tokens, l.tokens_cache_read, l.tokens_cache_write,
          l.tokens_reasoning, l.units, l.cost_input, l.cost_output, l.total_cost, l.price_version, l.duration,
          l.success, l.error_message, l.local_date
        FROM usage_logs l JOIN users u ON u.id = l.user_id JOIN agents a ON a.id = l.agent_id
        LEFT JOIN conversations c ON c.user_id = l.user_id AND c.id = l.conversation_id""",
    "usage_event_keys": """
        SELECT k.event_key, u.email, k.usage_id, k.timestamp, k.content_hash
        FROM usage_event_keys k JOIN users u ON u.id = k.user_id""",
    "messages": """
        SELECT u.email, m.id, m.timestamp, c.title, m.position, m.role, m.content, m.tokens_input, m.tokens_output
        FROM messages m JOIN users u ON u.id = m.user_id
        JOIN conversations c ON c.user_id = m.user_id AND c.id = m.conversation_id""",
    "conversations": """
        SELECT u.email, c.title, a.slug, c.message_count, c.token_count, c.created_at, s.last_activity
        FROM conversations c JOIN users u ON u.id = c.user_id JOIN agents a ON a.id = c.agent_id
        JOIN chat_sessions s ON s.user_id = c.user_id AND s.id = c.chat_session_id""",
    "agents": "SELECT slug, name FROM agents",
    "user_agent_permissions": """
        SELECT u.email, a.slug FROM user_agent_permissions p JOIN users u ON u.id = p.user_id
        JOIN agents a ON a.id = p.agent_id""",
    "monthly_usage": """
        SELECT u.email, m.year, m.month, m.total_messages, m.total_tokens, m.total_cost, m.unknown_cost_events
        FROM monthly_usage m JOIN users u ON u.id = m.user_id WHERE m.total_messages <> 0 OR m.total_tokens <> 0""",
    "users": "SELECT email, total_messages, total_tokens_used FROM users LEFT JOIN user_totals t ON t.user_id = users.id",
    "quarantined_rows": """
        SELECT q.domain, q.rule, q.column_name, u.email, q.raw_hash, q.status
        FROM quarantined_rows q LEFT JOIN users u ON u.id = q.user_id""",
    "financial_accounts": """
        SELECT u.email, a.account_key, a.name, a.type, a.institution, a.balance, a.balance_at, a.currency,
          a.account_mask FROM financial_accounts a JOIN users u ON u.id = a.user_id""",
    "transactions": """
        SELECT u.email, a.account_key, t.external_id, t.date, t.posted_at, t.description, t.amount, t.currency,
          t.fx_rate, t.type, t.category, t.notes
        FROM transactions t JOIN users u ON u.id = t.user_id
        JOIN financial_accounts a ON a.user_id = t.user_id AND a.id = t.account_id""",
    "budgets": """
        SELECT u.email, b.name, b.category, b.amount, b.currency, b.period, b.start_date, b.end_date,
          b.alert_threshold FROM budgets b JOIN users u ON u.id = b.user_id""",
    "medications": """
        SELECT u.email, m.external_id, m.name, m.dosage, m.frequency, m.start_date, m.end_date
        FROM medications m JOIN users u ON u.id = m.user_id""",
    "medication_schedules": """
        SELECT u.email, m.external_id, s.as_needed, s.times_per_day, s.days_of_week, s.start_date, s.end_date
        FROM medication_schedules s JOIN users u ON u.id = s.user_id
        JOIN medications m ON m.user_id = s.user_id AND m.id = s.medication_id""",
    "medication_logs": """
        SELECT u.email, m.external_id, g.scheduled_time, g.taken_time, g.status, g.as_needed, g.notes, g.local_date
        FROM medication_logs g JOIN users u ON u.id = g.user_id
        JOIN medications m ON m.user_id = g.user_id AND m.id = g.medication_id""",
    "health_measurements": """
        SELECT u.email, h.external_id, h.type, h.value, h.measured_at, h.local_date
        FROM health_measurements h JOIN users u ON u.id = h.user_id""",
}


def contents(db: Database, *tables: str) -> dict[str, list[str]]:
    """All that was loaded, table by table, without ids and times that differ from one load to the next."""
    with db.transaction(Role.OWNER) as conn:
        return {
            table: sorted(str(row) for row in conn.execute(_CONTENTS[table]).fetchall())
            for table in tables or _CONTENTS
        }


def rows(db: Database, query: str) -> list[Any]:
    """What a query gives to somebody who sees everything; single columns without their tuple."""
    with db.transaction(Role.OWNER) as conn:
        found = conn.execute(query).fetchall()
    return [row[0] if len(row) == 1 else row for row in found]
