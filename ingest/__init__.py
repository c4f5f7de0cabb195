"""Loading of files: one package a domain, the load engine beside them.

This module is the door: whoever loads, takes back or looks at what was kept aside comes through here.
"""

from ingest.doors import load_file, load_upload, replay
from ingest.paths import load_paths
from ingest.quarantine import QuarantinedRow, discard, open_rows, text_of
from ingest.report import FileReport, Progress
from ingest.undo import undo

__all__ = [
    "FileReport",
    "Progress",
    "QuarantinedRow",
    "discard",
    "load_file",
    "load_paths",
    "load_upload",
    "open_rows",
    "replay",
    "text_of",
    "undo",
]
