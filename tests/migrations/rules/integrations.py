"""The rules of integrations."""

from tests.migrations.envelopes import ENVELOPE
from tests.migrations.rules import Rule, change

CONNECT = (
    "INSERT INTO mcp_integrations (user_id, provider, access_token_encrypted, scopes)"
    f" VALUES (%(person)s, {{}}, {ENVELOPE}, 's')"
)

RULES: dict[str, Rule] = {
    "ck_mcp_integrations_provider": change("mcp_integrations", {"provider": "'SLACK'"}, {"provider": "'FAX'"}),
    "ck_mcp_integrations_scopes": change("mcp_integrations", {"scopes": "'mail'"}, {"scopes": "''"}),
    "uq_mcp_integrations_user_id_provider": Rule(CONNECT.format("'NOTION'"), CONNECT.format("'GMAIL'")),
    "ck_mcp_sync_logs_status": change("mcp_sync_logs", {"status": "'PARTIAL'"}, {"status": "'DONE'"}),
    "ck_mcp_sync_logs_items_synced": change("mcp_sync_logs", {"items_synced": "0"}, {"items_synced": "-1"}),
    "ck_mcp_sync_logs_error_message": change(
        "mcp_sync_logs", {"status": "'FAILED'", "error_message": "'401'"}, {"status": "'FAILED'"}
    ),
}
