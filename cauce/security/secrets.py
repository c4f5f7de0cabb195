"""The one secret of an installation, and everything that is derived from it.

The secret is `CAUCE_SECRET_KEY`, or is made at first use and kept in `home/secrets/key` (0600). Passwords of the
database roles, the encryption key and the blind-index key are derived from it by HMAC-SHA-256 over a label, so that
processes on several machines agree by sharing one value.
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cauce.errors import FatalError

KEY_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """The installation's secret; `derive` gives a 32-byte key for a purpose."""

    master: bytes

    def derive(self, purpose: str) -> bytes:
        """Derive the key of a purpose, such as `role:cauce_user`."""
        return hmac.digest(self.master, purpose.encode(), hashlib.sha256)

    def password(self, role: str) -> str:
        """Derive the password of a database role, in hexadecimal."""
        return self.derive(f"role:{role}").hex()


def load_secrets(home: Path, configured: str | None = None) -> Secrets:
    """Give the configured secret, else the one kept in `home`, made now if there is none yet."""
    if configured:
        return Secrets(configured.encode())
    path = home / "secrets" / "key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            fresh = path.with_name(f"key.{os.getpid()}.{secrets.token_hex(4)}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_hex(KEY_BYTES))
            try:
                os.link(fresh, path)  # never replaces a key that another process made meanwhile
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return Secrets(path.read_text().strip().encode())
    except OSError as error:
        raise FatalError(
            f"the installation's secret cannot be read or written ({error.strerror})",
            where=str(path.relative_to(home.parent)),
            action="make the folder writable for this user, or set CAUCE_HOME to one that is",
        ) from error
