"""Sealed values: AES-256-GCM with additional data that binds a value to its table, column, person and row.

An envelope is `version (1 byte) | nonce (12) | ciphertext and tag`. A value moved to any other place does not open.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cauce.errors import FatalError
from cauce.security.secrets import Secrets

VERSION = b"\x01"
NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value belongs."""

    table: str
    column: str
    tenant: UUID | None
    row: UUID

    def bound(self) -> bytes:
        """The additional data that is authenticated with the value."""
        return "\x1f".join((self.table, self.column, str(self.tenant or ""), str(self.row))).encode()


class Sealer:
    """Seals and opens values, and makes blind indexes, with keys derived from the installation's secret."""

    def __init__(self, secrets: Secrets) -> None:
        """Derive the keys."""
        self._cipher = AESGCM(secrets.derive("envelope:1"))
        self._index_key = secrets.derive("blind-index:1")

    def seal(self, plain: str, place: Place) -> bytes:
        """Encrypt a text for one place."""
        nonce = os.urandom(NONCE_BYTES)
        return VERSION + nonce + self._cipher.encrypt(nonce, plain.encode(), place.bound())

    def open(self, sealed: bytes, place: Place) -> str:
        """Decrypt what was sealed for this very place; raises `FatalError` for anything else."""
        if sealed[:1] != VERSION:
            raise FatalError("a sealed value has an unknown version", where=f"{place.table}.{place.column}")
        nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, body, place.bound()).decode()
        except (InvalidTag, ValueError) as error:
            raise FatalError(
                "a sealed value does not open: it was changed, moved, or sealed with another key",
                where=f"{place.table}.{place.column}",
                action="restore the row from a backup, or set CAUCE_SECRET_KEY to the key it was sealed with",
            ) from error

    def blind_index(self, value: str, *, purpose: str) -> bytes:
        """A keyed hash (32 bytes) by which equal values can be found without keeping them."""
        return hmac.digest(self._index_key, f"{purpose}\x1f{value}".encode(), hashlib.sha256)
