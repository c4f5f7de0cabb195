"""The operational schema's revisions, and what they share."""
