"""The rules of integrations."""

from tests.migrations.rules import Rule

RULES: dict[str, Rule] = {}
