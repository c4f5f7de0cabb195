"""A person's rows of identity, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {
    "user_settings": "INSERT INTO user_settings (user_id) VALUES (%(person)s)",
}
