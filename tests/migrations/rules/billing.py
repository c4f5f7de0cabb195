"""The rules of billing."""

from tests.migrations.rules import Rule

RULES: dict[str, Rule] = {}
