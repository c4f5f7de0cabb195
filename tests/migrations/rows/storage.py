"""A person's rows of storage, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {}
