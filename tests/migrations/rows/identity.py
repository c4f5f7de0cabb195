"""A person's rows of identity, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {
    "user_settings": "INSERT INTO user_settings (user_id) VALUES (%(person)s)",
    "accounts": (
        "INSERT INTO accounts (user_id, id, type, provider, provider_account_id)"
        " VALUES (%(person)s, %(id)s, 'oidc', 'google', %(id)s::text)"
    ),
}
