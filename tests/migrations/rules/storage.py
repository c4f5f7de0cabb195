"""The rules of storage."""

from tests.migrations.rules import Rule

RULES: dict[str, Rule] = {}
