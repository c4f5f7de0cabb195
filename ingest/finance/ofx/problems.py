"""What can be wrong with a record of a statement."""

from typing import NamedTuple


class Problem(NamedTuple):
    """A broken rule: its name, the tag it is about, and a sentence that a person can act on and that quotes nothing."""

    rule: str
    tag: str
    reason: str
