"""A person's rows of billing, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {}
