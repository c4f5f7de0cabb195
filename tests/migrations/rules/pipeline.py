"""The rules of pipeline."""

from tests.migrations.rules import Rule

RULES: dict[str, Rule] = {}
