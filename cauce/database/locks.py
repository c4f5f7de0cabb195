"""The advisory locks that `Database.lock` is asked for by more than one layer."""

MARTS = "marts"
"""Building, auditing and publishing take turns; so does whatever takes rows from under a build or out of the marts."""
LIFECYCLE = "lifecycle"
"""Retention, archiving and erasing take turns."""
