"""The records in a stream of OFX tags: account statements, the movements in them, and the kinds that are not taken."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ingest.finance.ofx.tokens import Token

_STATEMENTS = {"STMTRS", "CCSTMTRS", "INVSTMTRS"}
_STATEMENT_PARTS = {"BANKACCTFROM", "CCACCTFROM", "INVACCTFROM", "LEDGERBAL", "AVAILBAL", "INVBAL", "BAL"}
_MOVEMENT_PARTS = {"PAYEE", "CURRENCY", "ORIGCURRENCY", "BANKACCTTO", "CCACCTTO"}
_FOREIGN_LISTS = {"INVTRANLIST", "INVPOSLIST", "INVOOLIST", "SECLIST", "LOANTRANLIST", "BANKTRANLISTP"}
_FOREIGN_RECORDS = {"LOANSTMTRS", "STMTTRNP"}


@dataclass(slots=True)
class Record:
    """One statement or movement: its leaves by name, `PART.LEAF` in a part such as `LEDGERBAL`, and where it stands."""

    line: int
    statement: int
    """Which statement of the file it is, or is in; 0 is none."""
    leaves: dict[str, str] = field(default_factory=dict)
    source: list[str] = field(default_factory=list)
    complete: bool = False

    @property
    def text(self) -> str:
        """The record as it stands in the file (of a statement: without its lists)."""
        return "".join(self.source).strip()


class Statement(Record):
    """An account, with its balance; it is given when it ends, after its movements."""

    tag: str = "STMTRS"
    institution: str | None = None


class Movement(Record):
    """A `STMTTRN`: money that moved, with the statement it stands in."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A record of a kind that is not taken: a trade, a position, a security, a pending movement, a loan."""

    kind: str


def records(tokens: Iterable[Token]) -> Iterator[Statement | Movement | Foreign]:
    """Give every record of the file once, in the order they end; what the file leaves open ends with it, incomplete."""
    reader = _Reader()
    for token in tokens:
        yield from reader.end(token) if token.end else reader.start(token)
    yield from reader.close()


class _Reader:
    def __init__(self) -> None:
        self._statement: Statement | None = None
        self._movement: Movement | None = None
        self._part = ""
        self._list = ""
        self._foreign = ""
        self._statements = 0
        self._institution: str | None = None

    def start(self, token: Token) -> Iterator[Statement | Movement | Foreign]:
        name, text = token.name, token.text
        if self._foreign:
            return
        if name in _STATEMENTS:
            yield from self.close()
            self._statements += 1
            self._statement = Statement(token.line, self._statements)
            self._statement.tag, self._statement.institution = name, self._institution
        elif name == "STMTTRN":
            yield from self._end_movement(complete=True)  # some banks never end them
            self._part = ""
            self._movement = Movement(token.line, self._statement.statement if self._statement else 0)
        elif name in _FOREIGN_RECORDS or (self._list and not text and self._movement is None and name != "INVBANKTRAN"):
            self._foreign = name
            yield Foreign(name)
            return
        elif name in _FOREIGN_LISTS:
            self._list = name
        elif name == "ORG" and text and self._statement is None:
            self._institution = text
        elif name in (_STATEMENT_PARTS if self._movement is None else _MOVEMENT_PARTS) and not text:
            self._part = name
        self._keep(token)

    def end(self, token: Token) -> Iterator[Statement | Movement | Foreign]:
        name = token.name
        if self._foreign:
            if name in (self._foreign, self._list):
                self._foreign = ""
            if name != self._list:
                return
        self._keep(token)
        if name == self._part:
            self._part = ""
        elif name == self._list:
            self._list = ""
        elif name in ("STMTTRN", "BANKTRANLIST"):
            yield from self._end_movement(complete=True)
        elif name in _STATEMENTS:
            yield from self._end_movement(complete=True)
            yield from self._end_statement(complete=True)

    def close(self) -> Iterator[Statement | Movement]:
        yield from self._end_movement(complete=False)
        yield from self._end_statement(complete=False)
        self._list = self._foreign = ""

    def _keep(self, token: Token) -> None:
        record = self._movement or self._statement
        if record is None or (self._movement is None and token.name.endswith("LIST")):
            return
        record.source.append(token.source)
        if token.text and not token.end:
            record.leaves.setdefault(f"{self._part}.{token.name}" if self._part else token.name, token.text)

    def _end_movement(self, *, complete: bool) -> Iterator[Movement]:
        if self._movement is not None:
            self._movement.complete = complete
            yield self._movement
        self._movement, self._part = None, ""

    def _end_statement(self, *, complete: bool) -> Iterator[Statement]:
        if self._statement is not None:
            self._statement.complete = complete
            yield self._statement
        self._statement = None
