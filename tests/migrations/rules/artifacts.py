"""The rules of artifacts."""

from tests.migrations.rules import Rule

RULES: dict[str, Rule] = {}
