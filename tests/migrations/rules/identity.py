"""The rules of identity."""

from tests.migrations.rules import Rule, change

SESSION = "INSERT INTO auth_sessions (user_id, session_token, expires, idle_expires) VALUES"
ACCOUNT = "INSERT INTO accounts (user_id, type, provider, provider_account_id) VALUES"
LINK = "INSERT INTO verification_tokens (identifier, token, expires) VALUES"


def invite(**values: str) -> str:
    """An invitation with these values; they are SQL expressions."""
    row = {"email": "'eva@example.com'", "token": "repeat('a', 64)", "role": "'GUEST'"} | values
    return f"INSERT INTO invitations ({', '.join(row)}) VALUES ({', '.join(row.values())})"


RULES: dict[str, Rule] = {
    # An apostrophe, a sign, an international name; and what the specification's expression let through.
    "ck_users_email": change("users", {"email": "'o''brien+1@correo.méxico.mx'"}, {"email": "'ana@example.c|m'"}),
    "uq_users_email_lower": Rule(
        "UPDATE users SET email = 'ana.2@example.com' WHERE id = %(person)s",
        "UPDATE users SET email = 'LUIS@example.com' WHERE id = %(person)s",
    ),
    "ck_users_language": change("users", {"language": "'en'"}, {"language": "'klingon'"}),
    "ck_users_role": change("users", {"role": "'MANAGER'"}, {"role": "'admin'"}),
    "ck_users_subscription_tier": change("users", {"subscription_tier": "'PRO'"}, {"subscription_tier": "'GOLD'"}),
    "ck_users_subscription_period": change(
        "users",
        {"subscription_start": "'2026-01-01'", "subscription_end": "'2026-01-01'"},
        {"subscription_start": "'2026-01-02'", "subscription_end": "'2026-01-01'"},
    ),
    "ck_users_custom_limits": change(
        "users",
        {"custom_limits": '\'{"tokens": 0, "messages": null}\''},
        *({"custom_limits": f"'{limits}'"} for limits in ('{"tokens": "5"}', '{"words": 5}', "5")),
    ),
    "uq_verification_tokens_token": Rule(
        f"{LINK} ('ana@example.com', 'x', now()), ('ana@example.com', 'y', now())",
        f"{LINK} ('ana@example.com', 'x', now()), ('luis@example.com', 'x', now())",
    ),
    "uq_auth_sessions_user_id_session_token": Rule(
        f"{SESSION} (%(person)s, 'x', now(), now()), (%(person)s, 'y', now(), now())",
        f"{SESSION} (%(person)s, 'x', now(), now()), (%(person)s, 'x', now(), now())",
    ),
    "uq_user_settings_user_id": Rule(
        "UPDATE user_settings SET id = uuidv7() WHERE user_id = %(person)s",
        "INSERT INTO user_settings (user_id) VALUES (%(person)s)",
    ),
    "ck_user_settings_language": change("user_settings", {"language": "'en'"}, {"language": "'ES'"}),
    "ck_user_settings_theme": change("user_settings", {"theme": "'dark'"}, {"theme": "'sepia'"}),
    "ck_user_settings_max_tokens": change("user_settings", {"max_tokens": "1"}, {"max_tokens": "0"}),
    "ck_user_settings_temperature": change(
        "user_settings", {"temperature": "2"}, {"temperature": "-0.01"}, {"temperature": "2.01"}
    ),
    "ck_user_settings_rag_top_k": change("user_settings", {"rag_top_k": "20"}, {"rag_top_k": "0"}, {"rag_top_k": "21"}),
    "ck_user_settings_rag_min_score": change(
        "user_settings", {"rag_min_score": "1"}, {"rag_min_score": "1.01"}, {"rag_min_score": "-0.01"}
    ),
    "uq_accounts_user_id_provider_provider_account_id": Rule(
        f"{ACCOUNT} (%(person)s, 'oidc', 'github', '1'), (%(person)s, 'oidc', 'google', '1')",
        f"{ACCOUNT} (%(person)s, 'oidc', 'github', '1'), (%(person)s, 'oidc', 'github', '1')",
    ),
    "pk_account_lookup": Rule(  # globally: not two people by one provider's account
        f"{ACCOUNT} (%(person)s, 'oidc', 'github', '1'), (%(other)s, 'oidc', 'github', '2')",
        f"{ACCOUNT} (%(person)s, 'oidc', 'github', '1'), (%(other)s, 'oidc', 'github', '1')",
    ),
    "ck_accounts_provider": change(
        "accounts", {"provider": "'github'"}, {"provider": "''"}, {"provider_account_id": "''"}
    ),
    "ck_accounts_expires_at": change("accounts", {"expires_at": "4102444800"}, {"expires_at": "0"}),
    "ck_invitations_email": Rule(invite(email="'o''neil@example.com'"), invite(email="'eva@example'")),
    "ck_invitations_token": Rule(invite(token="repeat('0f', 32)"), invite(token="'a-token-in-clear'")),
    "ck_invitations_role": Rule(invite(role="'ADMIN'"), invite(role="'admin'")),
    "ck_invitations_status": Rule(invite(status="'EXPIRED'"), invite(status="'LOST'")),
    "ck_invitations_expires_at": Rule(invite(expires_at="now() + interval '1 hour'"), invite(expires_at="now()")),
    "ck_invitations_accepted": Rule(
        invite(status="'ACCEPTED'", accepted_at="now()"), invite(status="'CANCELLED'", accepted_at="now()")
    ),
    "ck_invitations_accepted_in_time": Rule(
        invite(status="'ACCEPTED'", accepted_at="now() + interval '6 days'"),
        invite(status="'ACCEPTED'", accepted_at="now() + interval '8 days'"),
        invite(status="'ACCEPTED'", accepted_at="now() - interval '1 second'"),
    ),
    "uq_invitations_token": Rule(
        invite() + ", ('luz@example.com', repeat('b', 64), 'GUEST')",
        invite() + ", ('luz@example.com', repeat('a', 64), 'GUEST')",
    ),
    "uq_invitations_pending_email": Rule(
        invite() + ", ('EVA@example.com', repeat('b', 64), 'GUEST')",
        f"DO $$ BEGIN {invite()}; {invite(token='repeat(chr(98), 64)')}; UPDATE invitations SET status = 'PENDING'; END $$",
    ),
}
