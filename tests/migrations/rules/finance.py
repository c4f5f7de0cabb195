"""The rules of finance."""

from tests.migrations.rules import Rule

RULES: dict[str, Rule] = {}
