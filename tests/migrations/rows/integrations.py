"""A person's rows of integrations, in an order in which they can be written."""

from tests.migrations.envelopes import ENVELOPE

STATEMENTS: dict[str, str] = {
    "mcp_integrations": (
        "INSERT INTO mcp_integrations (user_id, id, provider, access_token_encrypted, scopes)"
        f" VALUES (%(person)s, %(id)s, 'GMAIL', {ENVELOPE}, 'read')"
    ),
    "mcp_sync_logs": (
        "INSERT INTO mcp_sync_logs (user_id, id, integration_id, last_sync) VALUES (%(person)s, %(id)s, %(id)s, now())"
    ),
}
