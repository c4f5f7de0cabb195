"""A person's rows of support, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {}
