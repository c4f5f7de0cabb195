"""What became of a file: exact counts of its records, by outcome."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

Progress = Callable[[str, int, int, int], None]
"""Called while a file is read: its name, records so far, bytes so far, bytes in all (decompressed)."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """The accounting of one file: `read` = `loaded` + `updated` + `duplicate` + `quarantined` + `ignored`.

    `batch` is the ledger's row, of an earlier load when the whole file is a repeat. A file that could not be used has
    neither batch nor counts, `failed` set, and a `message` that says what, where and what to do; one of a person who
    was erased has a `message` alone.
    """

    file: str
    format: str | None = None
    batch: UUID | None = None
    read: int = 0
    loaded: int = 0
    updated: int = 0
    duplicate: int = 0
    quarantined: int = 0
    ignored: int = 0
    ignored_kinds: Mapping[str, int] = field(default_factory=dict)
    message: str | None = None
    failed: bool = False

    @property
    def conserved(self) -> bool:
        """Whether every record that was read has exactly one outcome."""
        return self.read == self.loaded + self.updated + self.duplicate + self.quarantined + self.ignored

    def as_dict(self) -> dict[str, Any]:
        """The entry of `cauce ingest --json`."""
        return {
            "file": self.file,
            "format": self.format,
            "batch": None if self.batch is None else str(self.batch),
            "read": self.read,
            "loaded": self.loaded,
            "updated": self.updated,
            "duplicate": self.duplicate,
            "quarantined": self.quarantined,
            "ignored": self.ignored,
            "ignored_kinds": dict(self.ignored_kinds),
            "message": self.message,
            "failed": self.failed,
        }
