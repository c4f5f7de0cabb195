"""Connections to services of others, and their syncs."""
