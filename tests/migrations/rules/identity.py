"""The rules of identity."""

from tests.migrations.rules import Rule

RULES: dict[str, Rule] = {}
