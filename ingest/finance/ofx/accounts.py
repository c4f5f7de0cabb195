"""What a statement says of its account."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from cauce.models.finance import AccountType
from ingest.finance.amounts import bank_amount
from ingest.finance.currencies import MINOR_UNITS
from ingest.finance.ofx.problems import Problem
from ingest.finance.ofx.statements import Statement
from ingest.finance.ofx.values import midnight, moment

_TYPES = {
    "CHECKING": AccountType.CHECKING,
    "SAVINGS": AccountType.SAVINGS,
    "MONEYMRKT": AccountType.SAVINGS,
    "CREDITLINE": AccountType.CREDIT,
    "CD": AccountType.SAVINGS,
}
_NAMES = {
    AccountType.CHECKING: "Cuenta de cheques",
    AccountType.SAVINGS: "Cuenta de ahorro",
    AccountType.CREDIT: "Tarjeta de crédito",
    AccountType.INVESTMENT: "Cuenta de inversión",
}


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the tables know it. `key` is bank|number: stored hashed, the number also sealed."""

    key: str
    mask: str
    name: str
    type: str
    institution: str | None
    currency: str


def account(statement: Statement) -> Account | Problem:
    """Read the account of a statement, or say what is wrong with it."""
    leaves = statement.leaves
    for part in ("BANKACCTFROM", "CCACCTFROM", "INVACCTFROM"):
        number = "".join(leaves.get(f"{part}.ACCTID", "").upper().split())
        if number:
            break
    else:
        return Problem("missing_account", "ACCTID", "the statement does not say which account it is of")
    currency = leaves.get("CURDEF", "").upper()
    if currency not in MINOR_UNITS:
        return Problem("unknown_currency", "CURDEF", "the statement's currency is not a code of ISO 4217 such as MXN")
    if part == "BANKACCTFROM":
        kind = _TYPES.get(leaves.get("BANKACCTFROM.ACCTTYPE", "").upper(), AccountType.CHECKING)
    else:
        kind = AccountType.CREDIT if part == "CCACCTFROM" else AccountType.INVESTMENT
    bank = leaves.get(f"{part}.BANKID") or leaves.get(f"{part}.BROKERID") or ""
    mask = "".join(letter for letter in number if letter.isalnum())[-4:]
    return Account(
        key=f"{''.join(bank.upper().split())}|{number}",
        mask=mask,
        name=f"{_NAMES[kind]} ····{mask}",
        type=kind.value,
        institution=(statement.institution or "")[:255] or None,
        currency=currency,
    )


class Balance(NamedTuple):
    """How much there is, and since when; both null when the statement does not tell."""

    amount: Decimal | None
    at: datetime | None


def balance(statement: Statement, timezone: str) -> Balance | Problem:
    """Read the balance: the ledger's, or of an investment account its cash, since only cash movements are taken."""
    leaves = statement.leaves
    tag, text = "BALAMT", leaves.get("LEDGERBAL.BALAMT")
    as_of = leaves.get("LEDGERBAL.DTASOF")
    if text is None:
        tag, text, as_of = "AVAILCASH", leaves.get("INVBAL.AVAILCASH"), leaves.get("DTASOF")
    if text is None:
        return Balance(None, None)
    amount = bank_amount(text)
    if amount is None:
        return Problem("invalid_amount", tag, "the balance is not a number such as 1520.75")
    when = moment(as_of or "", timezone)
    if when is None:
        return Problem("invalid_date", "DTASOF", "the balance has no date such as 20260131")
    return Balance(amount, when[1] or midnight(when[0], timezone))
