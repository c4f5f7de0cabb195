"""A person's rows of documents, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {}
