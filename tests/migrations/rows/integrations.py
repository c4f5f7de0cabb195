"""A person's rows of integrations, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {}
