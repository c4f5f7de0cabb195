"""Bank, card and investment statements in OFX.

STMTRS, CCSTMTRS, INVSTMTRS → frame "account" → financial_accounts; STMTTRN, also in INVBANKTRAN → frame "transaction" →
transactions. Trades, positions, securities, loans and pending movements are ignored, counted by tag.

The file is read twice: whether the bank's numbers hold, and sometimes which account a statement is of, is known only at
its end, and memory must not grow with the movements.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from cauce.errors import SkippableError
from ingest.delimited import texts_of
from ingest.encoding import blocks, decode_head, text_encoding
from ingest.finance.identity import Occurrences, content_identity, number_identity
from ingest.finance.ofx.accounts import Account, account, balance
from ingest.finance.ofx.documents import Document
from ingest.finance.ofx.movements import content, money
from ingest.finance.ofx.problems import Problem
from ingest.finance.ofx.statements import Foreign, Movement, Record, Statement, records
from ingest.finance.ofx.tokens import tokens
from ingest.finance.ofx.values import declared_encoding
from ingest.finance.records import ACCOUNT, TRANSACTION
from ingest.formats import Chunk, Rejection, Source

_CHUNK = 20_000
_HEAD = 4096
_KINDS = 50
_ORPHAN = Problem("missing_account", "STMTTRN", "the movement stands in no statement, so its account is unknown")


class Ofx:
    """Format `ofx`."""

    name = "ofx"
    domain = "finance"
    version = 1

    def sniff(self, head: bytes) -> bool:
        """Tell by the header or, since some banks leave it out, by the root tag."""
        text = decode_head(head).lstrip("\ufeff \t\r\n").upper()
        return text.startswith(("OFXHEADER", "<OFX>", "<?OFX")) or (text.startswith("<") and "<OFX>" in text)

    def read(self, source: Source) -> Iterator[Chunk]:
        """Read statements and movements. Raises `SkippableError` when there is neither, or markup never ends."""
        source.stream.seek(0)
        encoding = text_encoding(source.stream, declared_encoding(source.stream.read(_HEAD).decode("ascii", "replace")))
        plan = _Plan(source, encoding)
        if not plan.found:
            raise SkippableError(
                "the file holds no account statement",
                where=source.name,
                action="export the movements from the bank again",
            )
        yield from plan.chunks()


@dataclass
class _Chunk:
    accounts: list[tuple[Any, ...]] = field(default_factory=list)
    transactions: list[tuple[Any, ...]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    ignored: dict[str, int] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    records: int = 0

    def reject(self, ordinal: int, record: Record, problems: Sequence[Problem]) -> None:
        """Refuse a record for the first of its problems, telling them all."""
        reason = "; ".join(problem.reason for problem in problems)
        first = problems[0]
        self.rejections.append(Rejection(ordinal, record.line, first.tag, first.rule, reason, self.texts[ordinal]))

    def built(self) -> Chunk:
        frames = {
            "account": pl.DataFrame(self.accounts, schema=ACCOUNT, orient="row"),
            "transaction": pl.DataFrame(self.transactions, schema=TRANSACTION, orient="row"),
        }
        return Chunk(frames, self.rejections, self.ignored, texts_of(self.texts))


class _Plan:
    """What the first reading of a file found out, and the second reading that uses it."""

    def __init__(self, source: Source, encoding: str) -> None:
        self._source = source
        self._encoding = encoding
        self._accounts: dict[int, Account | Problem] = {}
        self._documents: dict[int, Document] = {0: Document()}
        self.found = False
        occurrences = Occurrences()
        for record in self._records():
            self.found = True
            if isinstance(record, Statement):
                self._accounts[record.statement] = account(record)
                self._documents[record.statement] = Document.around(record)
            elif isinstance(record, Movement):
                occurrences.add(record.statement, *content(record))
        self._occurrences = occurrences.numbers(
            {statement: of.key for statement, of in self._accounts.items() if isinstance(of, Account)}
        )

    def chunks(self) -> Iterator[Chunk]:
        """Read the file again, record by record."""
        occurrences = iter(self._occurrences)
        kinds: set[str] = set()
        chunk = _Chunk()
        for ordinal, record in enumerate(self._records(), 1):
            chunk.records += 1
            if isinstance(record, Foreign):
                kind = record.kind if record.kind in kinds or len(kinds) < _KINDS else "other"
                kinds.add(kind)
                chunk.ignored[kind] = chunk.ignored.get(kind, 0) + 1
            else:
                chunk.texts[ordinal] = self._documents[record.statement].of(record)
                if isinstance(record, Statement):
                    self._statement(chunk, ordinal, record)
                else:
                    self._movement(chunk, ordinal, record, next(occurrences))
            if chunk.records == _CHUNK:
                yield chunk.built()
                chunk = _Chunk()
        if chunk.records:
            yield chunk.built()

    def _statement(self, chunk: _Chunk, ordinal: int, statement: Statement) -> None:
        of = self._accounts[statement.statement]
        read = of if isinstance(of, Problem) else balance(statement, self._source.timezone)
        if isinstance(read, Problem):
            chunk.reject(ordinal, statement, [read])
        elif isinstance(of, Account):
            row = (of.key, of.mask, of.name, of.type, of.institution, of.currency)
            chunk.accounts.append((ordinal, statement.line, *row, read.amount, read.at))

    def _movement(self, chunk: _Chunk, ordinal: int, movement: Movement, occurrence: int) -> None:
        of = self._accounts.get(movement.statement, _ORPHAN)
        read = [of] if isinstance(of, Problem) else money(movement, of, self._source.timezone)
        if isinstance(read, list):
            chunk.reject(ordinal, movement, read)
        elif isinstance(of, Account):
            identity = (
                content_identity(read.day, read.amount, read.currency, read.description, occurrence)
                if occurrence or read.number is None
                else number_identity(read.number)
            )
            when = (read.day, read.posted_at, read.description, read.amount, read.currency, read.fx_rate)
            kind = (read.type, read.category, identity, read.notes)
            row = (of.key, of.mask, of.name, of.type, of.institution, of.currency)
            chunk.transactions.append((ordinal, movement.line, *row, *when, *kind))

    def _records(self) -> Iterator[Statement | Movement | Foreign]:
        try:
            yield from records(tokens(blocks(self._source.stream, self._encoding)))
        except SkippableError as error:
            raise SkippableError(
                error.message, where=f"{self._source.name}, {error.where}", action=error.action
            ) from None
