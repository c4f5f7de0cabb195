"""A person's rows of artifacts, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {}
