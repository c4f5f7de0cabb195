"""The rules of security."""

from tests.migrations.envelopes import ENVELOPE
from tests.migrations.rules import Rule


def _policy(**values: str) -> str:
    settings = ", ".join(f"{column} = {value}" for column, value in values.items())
    return f"UPDATE retention_policies SET {settings} WHERE subject = 'mcp_sync_logs'"


def _erasure(**values: str) -> str:
    columns, given = ", ".join(["pseudonym", *values]), ", ".join(["%(id)s", *values.values()])
    return f"INSERT INTO erasure_log ({columns}) VALUES ({given})"


def _key(**values: str) -> str:
    columns, given = ", ".join(values), ", ".join(values.values())
    return f"INSERT INTO encryption_keys ({columns}) VALUES ({given})"


def _seal(value: str) -> str:
    return f"UPDATE quarantined_rows SET raw_sealed = {value} WHERE user_id = %(person)s"


_WRAPPED = "decode(repeat('00', 60), 'hex')"
_RECORD = "SELECT record_audit('EXPORT', NULL, NULL, NULL)"

RULES: dict[str, Rule] = {
    "ck_encryption_keys_id": Rule(_key(id="2", retired_at="now()"), _key(id="0", retired_at="now()")),
    "ck_encryption_keys_wrapped": Rule(
        _key(id="2", wrapped=_WRAPPED, retired_at="now()"), _key(id="2", wrapped="'short'", retired_at="now()")
    ),
    "ck_encryption_keys_destroyed_is_retired": Rule(_key(id="2", retired_at="now()"), _key(id="2")),
    "uq_encryption_keys_active": Rule(
        _key(id="2", wrapped=_WRAPPED, retired_at="now()"), _key(id="2", wrapped=_WRAPPED)
    ),
    "sealed": Rule(_seal(ENVELOPE), _seal("'in plain text, and longer than thirty-one bytes'")),
    "ck_retention_policies_subject": Rule(_policy(subject="'mcp_sync_logs'"), _policy(subject="'audit_logs'")),
    "ck_retention_policies_action": Rule(_policy(action="'delete'"), _policy(action="'forget'")),
    "ck_retention_policies_keep": Rule(_policy(keep="interval '0'"), _policy(keep="interval '-1 day'")),
    "ck_erasure_log_status": Rule(_erasure(status="'running'"), _erasure(status="'stopped'")),
    "ck_erasure_log_finished_at": Rule(_erasure(status="'done'", finished_at="now()"), _erasure(status="'done'")),
    "uq_vector_deletions_vector_id": Rule(
        "INSERT INTO vector_deletions (vector_id) VALUES ('a'), ('b')",
        "INSERT INTO vector_deletions (vector_id) VALUES ('a'), ('a')",
    ),
    "ck_audit_pending_action": Rule(
        "SELECT record_audit('EXPORT_2', NULL, NULL, NULL)", "SELECT record_audit('export', NULL, NULL, NULL)"
    ),
    "ck_audit_pending_details": Rule(
        "SELECT record_audit('EXPORT', NULL, NULL, '{}')", "SELECT record_audit('EXPORT', NULL, NULL, '[]')"
    ),
    # What is appended is linked by the trigger; nobody else inserts, moves the head, or takes back what waits.
    "audit_logs_append_only": Rule(_RECORD, "INSERT INTO audit_logs SELECT l.* FROM audit_logs l"),
    "audit_heads_append_only": Rule(_RECORD, "UPDATE audit_heads SET entries = entries"),
    "audit_pending_append_only": Rule(_RECORD, "DELETE FROM audit_pending"),
}
