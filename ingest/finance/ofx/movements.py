"""What a movement of a statement says: when, how much, of what kind, for what."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from cauce.models.finance import AccountType, TransactionType
from ingest.finance.amounts import bank_amount
from ingest.finance.categories import categorise
from ingest.finance.currencies import MINOR_UNITS
from ingest.finance.identity import bank_number
from ingest.finance.ofx.accounts import Account
from ingest.finance.ofx.problems import Problem
from ingest.finance.ofx.statements import Movement
from ingest.finance.ofx.values import moment

_LONGEST_DESCRIPTION = 500


@dataclass(frozen=True, slots=True)
class Money:
    """A movement that can be loaded. `number` is the bank's own, None where it gives none."""

    day: date
    posted_at: datetime | None
    amount: Decimal
    currency: str
    fx_rate: Decimal | None
    description: str
    notes: str | None
    type: str
    category: str
    number: str | None


def content(movement: Movement) -> tuple[str | None, str, str]:
    """Give what tells a movement from others: its number, its day with amount and currency, and its description."""
    leaves = movement.leaves
    amount = bank_amount(leaves.get("TRNAMT", ""))
    written = leaves.get("TRNAMT", "") if amount is None else str(amount.normalize())
    money = "|".join((leaves.get("DTPOSTED", "")[:8], written, leaves.get("CURRENCY.CURSYM", "")))
    correction = leaves.get("CORRECTFITID")  # has the number of another movement and still does not contradict it
    number = f"correction of {correction}: {leaves.get('FITID')}" if correction else _number(leaves)
    return number, money, _texts(leaves)[0]


def money(movement: Movement, account: Account, timezone: str) -> Money | list[Problem]:
    """Read a movement, or say everything that is wrong with it."""
    leaves = movement.leaves
    problems: list[Problem] = []
    if not movement.complete:
        problems.append(Problem("truncated_record", "STMTTRN", "the file ends inside this movement: export it again"))
    amount = bank_amount(leaves.get("TRNAMT", ""))
    if amount is None:
        reason = "the amount is missing" if "TRNAMT" not in leaves else "the amount is not a number such as -120.50"
        problems.append(Problem("invalid_amount", "TRNAMT", reason))
    posted = moment(leaves.get("DTPOSTED", ""), timezone)
    if posted is None:
        reason = "the date is missing" if "DTPOSTED" not in leaves else "the date is not one such as 20260131"
        problems.append(Problem("invalid_date", "DTPOSTED", reason))
    currency, rate = _currency(leaves, account, problems)
    if leaves.get("CORRECTACTION", "").upper() == "DELETE":
        reason = "the bank takes back an earlier movement: remove that one by hand, then discard this record"
        problems.append(Problem("withdrawn_by_bank", "CORRECTACTION", reason))
    if problems or amount is None or posted is None:
        return problems
    bank_type = leaves.get("TRNTYPE", "").upper()
    description, notes = _texts(leaves)
    return Money(
        day=posted[0],
        posted_at=posted[1],
        amount=amount,
        currency=currency,
        fx_rate=rate,
        description=description[:_LONGEST_DESCRIPTION],
        notes=notes,
        type=_type(bank_type, amount, account),
        category=categorise(bank_type, f"{description} {notes or ''}"),
        number=_number(leaves),
    )


def _currency(leaves: dict[str, str], account: Account, problems: list[Problem]) -> tuple[str, Decimal | None]:
    """Give the currency the amount is in, and the rate the bank tells.

    `CURRENCY` says that the amount is in another currency, `ORIGCURRENCY` that it was and has been converted already
    (OFX 1.6, section 5.2).
    """
    part = next((part for part in ("CURRENCY", "ORIGCURRENCY") if f"{part}.CURSYM" in leaves), None)
    if part is None:
        return account.currency, None
    symbol = leaves[f"{part}.CURSYM"].upper()
    if symbol not in MINOR_UNITS:
        problems.append(Problem("unknown_currency", "CURSYM", "the currency is not a code of ISO 4217 such as USD"))
    rate_text = leaves.get(f"{part}.CURRATE")
    rate = None if rate_text is None else _rate(rate_text)
    if rate_text is not None and rate is None:
        problems.append(Problem("invalid_rate", "CURRATE", "the exchange rate is not a number above 0"))
    return (symbol if part == "CURRENCY" else account.currency), rate


def _number(leaves: dict[str, str]) -> str | None:
    """Give the bank's number; of a movement that replaces an earlier one, the number of that one."""
    return bank_number(leaves.get("CORRECTFITID") or leaves.get("FITID"))


def _rate(text: str) -> Decimal | None:
    try:
        rate = Decimal(text.replace(",", "."))
    except ArithmeticError:
        return None
    if not rate.is_finite() or not Decimal("1e-9") <= rate < Decimal("1e12"):
        return None
    return rate.quantize(Decimal("1e-12"))


def _texts(leaves: dict[str, str]) -> tuple[str, str | None]:
    """Give description and notes. Many banks cut `NAME` at 32 characters and write it again, whole, in `MEMO`."""
    name = leaves.get("NAME") or leaves.get("PAYEE.NAME") or leaves.get("EXTDNAME")
    memo = leaves.get("MEMO")
    if name is None or (memo is not None and memo.startswith(name)):
        name, memo = memo, None
    if name is None:
        name = " ".join(filter(None, (leaves.get("TRNTYPE", "STMTTRN"), leaves.get("CHECKNUM"))))
    return name, memo


def _type(bank_type: str, amount: Decimal, account: Account) -> str:
    """Tell income from expense by the sign. Moving one's own money, paying one's card too, is neither."""
    pays_card = account.type == AccountType.CREDIT and bank_type == "PAYMENT" and amount > 0
    if bank_type == "XFER" or pays_card:
        return TransactionType.TRANSFER.value
    earned = amount > 0 or (amount == 0 and bank_type in ("CREDIT", "DEP", "DIRECTDEP", "INT", "DIV"))
    return (TransactionType.INCOME if earned else TransactionType.EXPENSE).value
