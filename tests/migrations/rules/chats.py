"""The rules of chats."""

from tests.migrations.rules import Rule

RULES: dict[str, Rule] = {}
