"""Open an input once: decompressed by content, seekable, with the SHA-256 of what is in it."""

import gzip
import hashlib
import io
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from cauce.errors import SkippableError
from ingest.detect import HEAD_BYTES

_BLOCK = 1024 * 1024
_IN_MEMORY = 32 * _BLOCK
_SUSPICIOUS_SIZE = 256 * _BLOCK
_SUSPICIOUS_RATIO = 250


@dataclass(frozen=True, slots=True)
class Opened:
    """An input ready to be read: `stream` is at 0 and seekable, `sha256` and `size` are of the decompressed bytes."""

    stream: BinaryIO
    sha256: bytes
    size: int
    head: bytes


@contextmanager
def open_input(path: Path) -> Iterator[Opened]:
    """Open a file by its path; see `open_stream`."""
    try:
        stream = path.open("rb")
    except OSError as error:
        raise SkippableError(
            f"cannot be opened: {error.strerror}", where=path.name, action="check the name and its permissions"
        ) from error
    with stream, open_stream(stream, path.name) as opened:
        yield opened


@contextmanager
def open_stream(stream: BinaryIO, name: str) -> Iterator[Opened]:
    """Open a seekable binary stream. gzip, Zstandard and a ZIP of one file are unpacked to a temporary file.

    Raises `SkippableError` when the compressed data is damaged, a ZIP holds several files, or it unpacks to so much
    more than its size that it can only be an attack.
    """
    stream.seek(0, io.SEEK_END)
    packed_size = stream.tell()
    stream.seek(0)
    unpacker = _unpacker(stream, name)
    stream.seek(0)
    if unpacker is None:
        digest, size = _digest(stream)
        yield _opened(stream, digest, size)
        return
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as plain:
        digest, size = _unpack(unpacker, plain, packed_size, name)
        yield _opened(cast(BinaryIO, plain), digest, size)


def _opened(stream: BinaryIO, digest: bytes, size: int) -> Opened:
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    return Opened(stream, digest, size, head)


def _unpacker(stream: BinaryIO, name: str) -> BinaryIO | None:
    magic = stream.read(4)
    stream.seek(0)
    if magic[:2] == b"\x1f\x8b":
        return cast(BinaryIO, gzip.GzipFile(fileobj=stream))
    if magic == b"\x28\xb5\x2f\xfd":
        import pyarrow as pa  # type: ignore[import-untyped]  # 0.2 s and only needed here; the standard library has Zstandard from 3.14 on

        return cast(BinaryIO, pa.CompressedInputStream(stream, "zstd"))
    if magic in (b"PK\x03\x04", b"PK\x05\x06"):
        return _only_member(stream, name)
    return None


def _only_member(stream: BinaryIO, name: str) -> BinaryIO | None:
    try:
        archive = zipfile.ZipFile(stream)
        members = [member for member in archive.infolist() if not member.is_dir()]
        if "[Content_Types].xml" in archive.namelist():
            raise SkippableError(
                "this is a Microsoft Office document", where=name, action="export the sheet as CSV and give that"
            )
        if len(members) != 1:
            raise SkippableError(
                f"the archive holds {len(members)} files", where=name, action="unpack it and give the folder"
            )
        return cast(BinaryIO, archive.open(members[0]))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise SkippableError(
            "the ZIP archive is damaged, encrypted or of an unknown kind", where=name, action="unpack it yourself"
        ) from error


def _digest(stream: BinaryIO) -> tuple[bytes, int]:
    hasher, size = hashlib.sha256(), 0
    while block := stream.read(_BLOCK):
        hasher.update(block)
        size += len(block)
    return hasher.digest(), size


def _unpack(
    packed: BinaryIO, plain: "tempfile.SpooledTemporaryFile[bytes]", packed_size: int, name: str
) -> tuple[bytes, int]:
    hasher, size = hashlib.sha256(), 0
    try:
        while block := packed.read(_BLOCK):
            hasher.update(block)
            size += len(block)
            if size > _SUSPICIOUS_SIZE and size > packed_size * _SUSPICIOUS_RATIO:
                raise SkippableError(
                    f"unpacks to more than {_SUSPICIOUS_RATIO} times its size",
                    where=name,
                    action="if it is genuine, unpack it and give that",
                )
            plain.write(block)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise SkippableError("the compressed data is damaged", where=name, action="fetch the file again") from error
    return hasher.digest(), size
