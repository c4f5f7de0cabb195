"""Bank statements as OFX: 1.0.2 (SGML, tags left open, Windows-1252) and 2.1.1 (XML)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from xml.sax.saxutils import escape

from cauce.demo.ledger import Entry
from cauce.demo.window import zone_of

SGML_HEADER = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

"""
XML_HEADER = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>
"""
MALFORMED = (
    ("20260345", "-120.00", "FECHA IMPOSIBLE"),
    ("20260310120000", "$120", "IMPORTE CON SIGNO"),
)
"""Date, amount and name of transactions that must be refused."""

Tree = tuple[str, "str | Sequence[Tree]"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One account over some days; `balance` in cents at the end of the last. `spoil` adds malformed transactions."""

    account: str
    number: str
    currency: str
    zone: str
    first: date
    last: date
    entries: Sequence[Entry]
    balance: int
    referenced: bool = True
    spoil: bool = False

    @property
    def malformed(self) -> int:
        """How many transactions must be refused."""
        return len(MALFORMED) if self.spoil else 0


def sgml(bank: str, statements: Sequence[Statement]) -> bytes:
    """Write OFX 1.0.2: elements without content end at the line's end, aggregates are closed."""
    lines: list[str] = []
    _sgml_lines(_document(bank, statements), lines)
    return (SGML_HEADER + "\n".join(lines) + "\n").replace("\n", "\r\n").encode("cp1252")


def xml(bank: str, statements: Sequence[Statement]) -> bytes:
    """Write OFX 2.1.1."""
    return (XML_HEADER + _xml_text(_document(bank, statements)) + "\n").encode()


def _sgml_lines(tree: Tree, lines: list[str]) -> None:
    tag, content = tree
    if isinstance(content, str):
        lines.append(f"<{tag}>{escape(content)}")
        return
    lines.append(f"<{tag}>")
    for child in content:
        _sgml_lines(child, lines)
    lines.append(f"</{tag}>")


def _xml_text(tree: Tree) -> str:
    tag, content = tree
    if isinstance(content, str):
        return f"<{tag}>{escape(content)}</{tag}>"
    return f"<{tag}>\n{''.join(_xml_text(child) + chr(10) for child in content)}</{tag}>"


def _document(bank: str, statements: Sequence[Statement]) -> Tree:
    last = max(statement.last for statement in statements)
    status: Tree = ("STATUS", [("CODE", "0"), ("SEVERITY", "INFO")])
    signon: Tree = (
        "SONRS",
        [
            status,
            ("DTSERVER", _instant(last, statements[0].zone, time(23, 59))),
            ("LANGUAGE", "SPA"),
            ("FI", [("ORG", bank), ("FID", "10072")]),
        ],
    )
    card = statements[0].account == "card"
    wrapper, response = ("CREDITCARDMSGSRSV1", "CCSTMTTRNRS") if card else ("BANKMSGSRSV1", "STMTTRNRS")
    answers: list[Tree] = [
        (response, [("TRNUID", str(number)), status, _statement(statement)])
        for number, statement in enumerate(statements, 1)
    ]
    return ("OFX", [("SIGNONMSGSRSV1", [signon]), (wrapper, answers)])


def _statement(statement: Statement) -> Tree:
    account: Tree
    if statement.account == "card":
        tag, account = "CCSTMTRS", ("CCACCTFROM", [("ACCTID", statement.number)])
    else:
        fields = [("BANKID", "072"), ("ACCTID", statement.number), ("ACCTTYPE", statement.account.upper())]
        tag, account = "STMTRS", ("BANKACCTFROM", fields)
    zone = statement.zone
    transactions = [_transaction(entry, zone, statement.referenced) for entry in statement.entries]
    if statement.spoil:
        transactions += [_malformed(number, *fields) for number, fields in enumerate(MALFORMED)]
    listed: list[Tree] = [
        ("DTSTART", _instant(statement.first, zone, time(0))),
        ("DTEND", _instant(statement.last, zone, time(23, 59))),
        *transactions,
    ]
    balance: Tree = (
        "LEDGERBAL",
        [("BALAMT", money(statement.balance)), ("DTASOF", _instant(statement.last, zone, time(23, 59)))],
    )
    return (tag, [("CURDEF", statement.currency), account, ("BANKTRANLIST", listed), balance])


def _transaction(entry: Entry, zone: str, referenced: bool) -> Tree:
    fields: list[Tree] = [
        ("TRNTYPE", entry.kind),
        ("DTPOSTED", _instant(entry.day, zone, time(12))),
        ("TRNAMT", money(entry.cents)),
    ]
    if referenced:
        fields.append(("FITID", entry.reference))
    if entry.code:
        fields.append(("SIC", str(entry.code)))
    return ("STMTTRN", [*fields, ("NAME", entry.name)])


def _malformed(number: int, posted: str, amount: str, name: str) -> Tree:
    fields = {"TRNTYPE": "POS", "DTPOSTED": posted, "TRNAMT": amount, "FITID": f"MAL{number}", "NAME": name}
    return ("STMTTRN", list(fields.items()))


def money(cents: int) -> str:
    """Write cents as a decimal amount."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _instant(day: date, zone: str, clock: time) -> str:
    """Write a local time the way OFX does, with its offset from UTC: 20260301120000[-6:CST]."""
    local = datetime.combine(day, clock, zone_of(zone))
    offset = local.utcoffset()
    hours = (offset.total_seconds() if offset else 0.0) / 3600
    name = local.tzname() or ""
    return f"{local:%Y%m%d%H%M%S}[{hours:+g}{':' + name if name.isalpha() else ''}]"
