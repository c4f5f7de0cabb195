"""The rules of documents."""

from tests.migrations.rules import Rule

RULES: dict[str, Rule] = {}
