"""The data keys values are sealed with: random, and kept in `encryption_keys` wrapped by the installation's secret.

At most one key is active: it seals. Retired keys only open, until a rotation has sealed everything anew and destroys
them. A wrapped key is `nonce (12) | key and tag (48)`, bound to the key's id.
"""

import os
import secrets as random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cauce.errors import FatalError
from cauce.security.secrets import KEY_BYTES, Secrets

NONCE_BYTES = 12
FRESH_SECONDS = 2.0
"""How old a process's view of the ring may be when it seals; so long after a key is retired, it seals no more."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A row of `encryption_keys` that still holds its key."""

    id: int
    wrapped: bytes
    active: bool


class KeyRing:
    """The keys as this process knows them. They are read at first use, and again when that may be out of date."""

    def __init__(self, secrets: Secrets, read: Callable[[], Iterable[StoredKey]]) -> None:
        """`read` gives the stored keys; it is called by whichever thread needs them."""
        self._secrets = secrets
        self._read = read
        self._reading = threading.Lock()
        self._view = _View()

    def sealing(self) -> tuple[int, AESGCM]:
        """The active key; raises `FatalError` when there is none."""
        if time.monotonic() - self._view.read_at > FRESH_SECONDS:
            self.refresh()
        view = self._view
        if view.active is None:
            raise FatalError("there is no key to seal with", where="encryption_keys", action="run `cauce migrate`")
        return view.active, view.ciphers[view.active]

    def opening(self, key: int) -> AESGCM | None:
        """The key of this id, however old; None when there is no such key, or not any more."""
        if key not in self._view.ciphers:
            self.refresh()
        return self._view.ciphers.get(key)

    def refresh(self) -> None:
        """Read the keys now."""
        with self._reading:
            read_at = time.monotonic()
            # A key destroyed meanwhile stays known here: somebody may hold a value that they read just before.
            ciphers, active = dict(self._view.ciphers), None
            for stored in self._read():
                if stored.id not in ciphers:
                    ciphers[stored.id] = AESGCM(unwrap(self._secrets, stored))
                active = stored.id if stored.active else active
            self._view = _View(ciphers, active, read_at)


@dataclass(frozen=True, slots=True)
class _View:
    ciphers: Mapping[int, AESGCM] = field(default_factory=dict)
    active: int | None = None
    read_at: float = float("-inf")


def new_key(secrets: Secrets, key: int) -> bytes:
    """Make a random key for this id and give it wrapped."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _wrapping(secrets).encrypt(nonce, random.token_bytes(KEY_BYTES), _bound(key))


def unwrap(secrets: Secrets, stored: StoredKey) -> bytes:
    """The key itself; raises `FatalError` when the secret is another one or the row was changed."""
    nonce, body = stored.wrapped[:NONCE_BYTES], stored.wrapped[NONCE_BYTES:]
    try:
        return _wrapping(secrets).decrypt(nonce, body, _bound(stored.id))
    except (InvalidTag, ValueError) as error:
        raise FatalError(
            "the installation's secret does not open its keys",
            where=f"encryption_keys, key {stored.id}",
            action="set CAUCE_SECRET_KEY, or the file secrets/key in CAUCE_HOME, to the secret the keys were made with",
        ) from error


def stored_keys(conn: psycopg.Connection) -> list[StoredKey]:
    """The keys that are there, without those that were destroyed."""
    rows = conn.execute(
        "SELECT id, wrapped, retired_at IS NULL FROM encryption_keys WHERE wrapped IS NOT NULL ORDER BY id"
    ).fetchall()
    return [StoredKey(*row) for row in rows]


def ensure_first_key(conn: psycopg.Connection, secrets: Secrets) -> None:
    """Make the first key when there has never been one; of several at once one does."""
    conn.execute(
        "INSERT INTO encryption_keys (id, wrapped) SELECT 1, %s"
        " WHERE NOT EXISTS (SELECT FROM encryption_keys) ON CONFLICT DO NOTHING",
        (new_key(secrets, 1),),
    )


def _wrapping(secrets: Secrets) -> AESGCM:
    return AESGCM(secrets.derive("key-wrap:1"))


def _bound(key: int) -> bytes:
    return f"encryption_keys\x1f{key}".encode()
