"""Cauce's kernel: settings, errors, database, models and security, used by every layer."""
