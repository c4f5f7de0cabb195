"""The rules of security."""

from tests.migrations.rules import Rule

RULES: dict[str, Rule] = {}
