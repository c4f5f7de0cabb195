"""The rules of health."""

from tests.migrations.rules import Rule

RULES: dict[str, Rule] = {}
