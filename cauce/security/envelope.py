"""Sealed values: AES-256-GCM with additional data that binds a value to its table, column, person and row.

An envelope is `version (1 byte) | key id (2 bytes, big endian) | nonce (12) | ciphertext and tag (16)`. What is before
the nonce is authenticated, too. A value moved to any other place does not open.
"""

import hashlib
import hmac
import os
import struct
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag

from cauce.errors import FatalError
from cauce.security.keyring import NONCE_BYTES, KeyRing
from cauce.security.secrets import Secrets

VERSION = 1
HEADER = struct.Struct(">BH")
TAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value belongs: `tenant` is the row's `user_id`, `row` its `id`."""

    table: str
    column: str
    tenant: UUID | None
    row: UUID

    def bound(self) -> bytes:
        """The additional data that is authenticated with the value."""
        return "\x1f".join((self.table, self.column, str(self.tenant or ""), str(self.row))).encode()


class Sealer:
    """Seals and opens values with the keys of a ring, and makes blind indexes."""

    def __init__(self, secrets: Secrets, ring: KeyRing) -> None:
        """Derive the key of the blind indexes; the ring is read when it is needed first."""
        self.ring = ring
        self._index_key = secrets.derive("blind-index:1")

    def seal(self, plain: str, place: Place) -> bytes:
        """Encrypt a text for one place."""
        key, cipher = self.ring.sealing()
        header = HEADER.pack(VERSION, key)
        nonce = os.urandom(NONCE_BYTES)
        return header + nonce + cipher.encrypt(nonce, plain.encode(), header + place.bound())

    def open(self, sealed: bytes, place: Place) -> str:
        """Decrypt what was sealed for this very place; raises `FatalError` for anything else."""
        where = f"{place.table}.{place.column}"
        if len(sealed) < HEADER.size + NONCE_BYTES + TAG_BYTES:
            raise FatalError("a sealed value is cut short", where=where, action="restore the row from a backup")
        version, key = HEADER.unpack_from(sealed)
        if version != VERSION:
            raise FatalError("a sealed value has an unknown version", where=where, action="update Cauce")
        cipher = self.ring.opening(key)
        if cipher is None:
            raise FatalError(
                f"a sealed value names the key {key}, which is not there",
                where=where,
                action="restore the row and `encryption_keys` from one and the same backup",
            )
        header, rest = sealed[: HEADER.size], sealed[HEADER.size :]
        try:
            return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], header + place.bound()).decode()
        except (InvalidTag, ValueError) as error:
            raise FatalError(
                "a sealed value does not open: it was changed, or moved from another place",
                where=where,
                action="restore the row from a backup",
            ) from error

    def blind_index(self, value: str, *, purpose: str) -> bytes:
        """A keyed hash (32 bytes) by which equal values can be found without keeping them."""
        return hmac.digest(self._index_key, f"{purpose}\x1f{value}".encode(), hashlib.sha256)
