"""The rules of usage."""

from tests.migrations.rules import Rule

RULES: dict[str, Rule] = {}
