"""The rules of support."""

from tests.migrations.rules import Rule

RULES: dict[str, Rule] = {}
