"""What can go wrong, by what the caller must do about it.

Every error says what happened, where, and what to do next, on one line that a person can act on. It never carries a
secret or a traceback.
"""

from collections.abc import Mapping


class CauceError(Exception):
    """Root of every error Cauce raises on purpose."""

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        action: str | None = None,
        rule: str | None = None,
        about: Mapping[str, object] | None = None,
    ) -> None:
        """Say what happened (`message`), where, and what the person can do (`action`).

        What pages show in a person's language has a short name, its `rule`, and the values that the text is `about`.
        """
        super().__init__(message)
        self.message = message
        self.where = where
        self.action = action
        self.rule = rule
        self.about = dict(about or {})

    def __str__(self) -> str:
        """One line: what, where, what to do."""
        return " — ".join(part for part in (self.message, self.where, self.action) if part)


class FatalError(CauceError):
    """Nothing goes on until a person changes something."""


class RetriableError(CauceError):
    """The same call may succeed later: a lock, a lost connection, a full pool."""


class SkippableError(CauceError):
    """This one input cannot be used; the rest of the work goes on."""
