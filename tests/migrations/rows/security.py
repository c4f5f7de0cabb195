"""A person's rows of security, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {}
