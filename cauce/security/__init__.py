"""Secrets of an installation, sealed values, people and their sessions."""
