"""A record by itself as a document that can be read again, with what its statement says of the account."""

from dataclasses import dataclass
from html import escape

from ingest.finance.ofx.statements import Record, Statement


@dataclass(frozen=True, slots=True)
class Document:
    """What stands around the records of one statement; nothing around a movement of none."""

    signed: str = ""
    opening: str = ""
    closing: str = ""

    @classmethod
    def around(cls, statement: Statement) -> "Document":
        """Write the frame of a statement: who the bank is, the currency, the account, but no balance."""
        leaves = {
            name: value for name, value in statement.leaves.items() if name.partition(".")[0].endswith("ACCTFROM")
        }
        part = next(iter(leaves), "").partition(".")[0]
        account = "".join(_leaf(name.partition(".")[2], value) for name, value in leaves.items())
        return cls(
            _leaf("ORG", statement.institution),
            f"<{statement.tag}>{_leaf('CURDEF', statement.leaves.get('CURDEF'))}"
            + (f"<{part}>{account}</{part}>" if part else ""),
            f"</{statement.tag}>",
        )

    def of(self, record: Record) -> str:
        """Write a document of one record. One that the file broke off stays broken off."""
        if isinstance(record, Statement):
            return f"<OFX>{self.signed}\n{record.text}" + ("\n</OFX>" if record.complete else "")
        return f"<OFX>{self.signed}{self.opening}\n{record.text}" + (
            f"\n{self.closing}</OFX>" if record.complete else ""
        )


def _leaf(name: str, value: str | None) -> str:
    return "" if value is None else f"<{name}>{escape(value, quote=False)}</{name}>"
