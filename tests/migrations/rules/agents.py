"""The rules of agents."""

from tests.migrations.rules import Rule

RULES: dict[str, Rule] = {}
