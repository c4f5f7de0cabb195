"""What can go wrong, by what the caller must do about it.

Every error says what happened, where, and what to do next, on one line that a person can act on. It never carries a
secret or a traceback.
"""


class CauceError(Exception):
    """Root of every error Cauce raises on purpose."""

    def __init__(self, message: str, *, where: str | None = None, action: str | None = None) -> None:
        """Say what happened (`message`), where, and what the person can do (`action`)."""
        super().__init__(message)
        self.message = message
        self.where = where
        self.action = action

    def __str__(self) -> str:
        """One line: what, where, what to do."""
        return " — ".join(part for part in (self.message, self.where, self.action) if part)


class FatalError(CauceError):
    """Nothing goes on until a person changes something."""


class RetriableError(CauceError):
    """The same call may succeed later: a lock, a lost connection, a full pool."""


class SkippableError(CauceError):
    """This one input cannot be used; the rest of the work goes on."""
