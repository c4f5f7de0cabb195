"""Tickets and their messages."""
