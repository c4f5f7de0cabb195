"""Reading of finance files without a database: everything a file gives, put together."""

import io
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from ingest.finance import FORMATS
from ingest.formats import Rejection, Source

DATA = Path(__file__).parents[2] / "data" / "finance"


@dataclass(frozen=True)
class Reading:
    format: str
    frames: dict[str, pl.DataFrame]
    rejections: list[Rejection]
    ignored: dict[str, int]
    raw: dict[int, str]
    read: int

    def rules(self) -> list[tuple[int | None, str | None, str]]:
        return [(rejection.line, rejection.column, rejection.rule) for rejection in self.rejections]


def read(content: bytes | str | Path, timezone: str = "America/Mexico_City") -> Reading:
    data = content.read_bytes() if isinstance(content, Path) else content
    data = data.encode() if isinstance(data, str) else data
    (format_,) = [one for one in FORMATS if one.sniff(data[: 64 * 1024])]
    received = datetime(2026, 3, 1, tzinfo=UTC)
    chunks = list(format_.read(Source(Path("a"), io.BytesIO(data), "a", len(data), received, timezone)))
    kinds = dict.fromkeys(kind for chunk in chunks for kind in chunk.frames)
    frames = {kind: pl.concat([chunk.frames[kind] for chunk in chunks]) for kind in kinds}
    raw: dict[int, str] = {}
    for chunk in chunks:
        records = [record for frame in chunk.frames.values() for record in frame["record"]]
        raw |= dict(zip(records, chunk.raw(records), strict=True))
    return Reading(
        format_.name,
        frames,
        [rejection for chunk in chunks for rejection in chunk.rejections],
        dict(sum((Counter(chunk.ignored) for chunk in chunks), Counter())),
        raw,
        sum(chunk.read for chunk in chunks),
    )


def statement(*movements: str, account: str = "111", bank: str = "1", currency: str = "MXN") -> str:
    """An OFX document of one statement, with a balance of 0."""
    return (
        f"<OFX><STMTRS><CURDEF>{currency}<BANKACCTFROM><BANKID>{bank}<ACCTID>{account}<ACCTTYPE>CHECKING</BANKACCTFROM>"
        f"<BANKTRANLIST>{''.join(movements)}</BANKTRANLIST>"
        "<LEDGERBAL><BALAMT>0<DTASOF>20260228</LEDGERBAL></STMTRS></OFX>"
    )


def movement(amount: str = "-10.00", day: str = "20260201", name: str = "CAFE", fitid: str = "", **tags: str) -> str:
    """One `STMTTRN`, without a number unless given."""
    number = f"<FITID>{fitid}" if fitid else ""
    more = "".join(f"<{tag}>{value}" for tag, value in tags.items())
    return f"<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>{day}<TRNAMT>{amount}{number}<NAME>{name}{more}</STMTTRN>"
