"""Which format a file is of, told from its first bytes."""

from collections.abc import Iterator, Sequence
from importlib import import_module

from cauce.errors import SkippableError
from ingest.formats import Format

DOMAINS = ("usage", "finance", "health")
"""The domains that take files, in the order their formats are tried."""

HEAD_BYTES = 64 * 1024

_BINARY = {
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0": "an old Microsoft Office document",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"PK\x03\x04": "a ZIP archive",
    b"SQLite format 3": "an SQLite database",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an XZ archive",
    b"PAR1": "a Parquet file whose columns are not those of a usage log",
}


def formats(domains: Sequence[str] = DOMAINS) -> Iterator[Format]:
    """Give every format of the domains. A domain's readers are imported when its turn comes, not before."""
    for name in domains:
        yield from import_module(f"ingest.{name}").FORMATS


def detect(head: bytes, *, where: str, domains: Sequence[str] = DOMAINS) -> Format:
    """Find the format of a file by its first 64 KiB, decompressed.

    Raises `SkippableError` naming `where`, what the content looks like, and the formats there are.
    """
    for candidate in formats(domains):
        if candidate.sniff(head):
            return candidate
    known = ", ".join(candidate.name for candidate in formats(domains))
    raise SkippableError(
        f"no known format: this looks like {describe(head)}",
        where=where,
        action=f"give a file of one of: {known}",
    )


def describe(head: bytes) -> str:
    """Say in a few words what unrecognised content is, without repeating values that may be personal."""
    if not head.strip():
        return "an empty file"
    for magic, name in _BINARY.items():
        if head.startswith(magic):
            return name
    text = head.decode("utf-8-sig", errors="replace").lstrip()
    if "\x00" in text[:4096]:
        return "a binary file"
    if text.startswith("<"):
        return "XML or HTML"
    if text.startswith(("{", "[")):
        return "JSON of another kind"
    first = text.splitlines()[0]
    for separator, name in ((",", "commas"), (";", "semicolons"), ("\t", "tabs")):
        if first.count(separator) >= 2:
            return f"a table of {first.count(separator) + 1} columns separated by {name}"
    return "plain text"
