"""Folders, files, quotas, shares, and who opened what."""
