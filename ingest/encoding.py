"""The characters of a text file: which encoding its bytes really are in, and the text in bounded blocks."""

import codecs
from collections.abc import Iterator
from typing import BinaryIO

_BLOCK = 256 * 1024
_FALLBACK = "cp1252"
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def text_encoding(stream: BinaryIO, declared: str | None = None) -> str:
    """Find the encoding of a whole stream, and leave it at its start.

    A byte order mark decides; else UTF-8 when all of it is valid UTF-8 (text in another encoding hardly ever is, and
    what files declare is often wrong); else the one `declared`, when it is one; else Windows-1252.
    """
    stream.seek(0)
    encoding = _bom(stream.read(4)) or ("utf-8" if _is_utf8(stream) else _known(declared) or _FALLBACK)
    stream.seek(0)
    return encoding


def decode_head(head: bytes) -> str:
    """Decode the first bytes of a file, which may end within a character."""
    bom = _bom(head)
    if bom:
        return head.decode(bom, errors="ignore")
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return head.decode(_FALLBACK, errors="replace")


def blocks(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """Give the text of a stream from its start, block by block; bytes that are no character become U+FFFD."""
    stream.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    while data := stream.read(_BLOCK):
        yield decoder.decode(data)
    yield decoder.decode(b"", final=True)


def _bom(head: bytes) -> str | None:
    return next((encoding for bom, encoding in _BOMS.items() if head.startswith(bom)), None)


def _is_utf8(stream: BinaryIO) -> bool:
    stream.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while data := stream.read(_BLOCK):
            decoder.decode(data)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _known(name: str | None) -> str | None:
    """Give the codec of a declared name, or of a bare Windows code page number, when it encodes single bytes."""
    if not name:
        return None
    for candidate in (f"cp{name}", name):
        try:
            if len("aé".encode(candidate)) == 2:
                return codecs.lookup(candidate).name
        except (LookupError, UnicodeError):
            continue
    return None
