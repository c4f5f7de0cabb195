"""The finance files of each person: bank and card statements and budgets, with their exact accounting."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from cauce.demo.budgets import budgets
from cauce.demo.cast import DOMAIN
from cauce.demo.ledger import CARD, CHECKING, SAVINGS, Ledger, equal_purchase_day, ledger
from cauce.demo.ofx import Statement, sgml, xml
from cauce.demo.plan import DemoCase, DemoPerson, FileExpectation
from cauce.demo.window import Window

OVERLAP_DAYS, RECENT_DAYS = 14, 45
"""A second statement covers the last 45 days; the first one ends 14 days before the end, so that they overlap."""
OVERLAP_EVERY = 4
SPOILED, WITHOUT_REFERENCES = f"ana@{DOMAIN}", f"luis@{DOMAIN}"
"""Ana's bank writes malformed transactions; Luis's card issuer gives no references (FITID)."""


def write_finance(
    folder: Path, seed: int, people: Sequence[DemoPerson], window: Window
) -> tuple[list[FileExpectation], list[DemoCase]]:
    """Write the files of everybody who keeps their money here, in folders named by e-mail."""
    expectations: list[FileExpectation] = []
    cases: list[DemoCase] = []
    for turn, person in enumerate(person for person in people if person.finance):
        (folder / person.email).mkdir(parents=True, exist_ok=True)
        book = ledger(seed, person, window)
        long_enough = (window.today - window.first_day).days > RECENT_DAYS
        written = _bank_files(folder, person, book, window, overlaps=turn % OVERLAP_EVERY == 0 and long_enough)
        written.append(_card_file(folder, person, book, window))
        content, good, malformed = budgets(person, book, window, turn, spoil=person.email == SPOILED)
        file = f"{person.email}/presupuestos.csv"
        (folder / file).write_bytes(content)
        written.append(_expect(person, file, "budget-csv", good, malformed=malformed))
        expectations += written
        cases += _cases(person, book, window, written)
    return expectations, cases


def _bank_files(
    folder: Path, person: DemoPerson, book: Ledger, window: Window, *, overlaps: bool
) -> list[FileExpectation]:
    until = window.last_day - timedelta(days=OVERLAP_DAYS if overlaps else 0)
    first = [
        _statement(
            person, book, account, window.first_day, until, spoil=account == CHECKING and person.email == SPOILED
        )
        for account in (CHECKING, SAVINGS)
    ]
    file = f"{person.email}/banco-debito.ofx"
    (folder / file).write_bytes(sgml("BANCO DEMO", first))
    good = sum(1 + len(statement.entries) for statement in first)
    written = [_expect(person, file, "ofx", good, malformed=sum(statement.malformed for statement in first))]
    if overlaps:
        since = window.last_day - timedelta(days=RECENT_DAYS - 1)
        second = [_statement(person, book, account, since, window.last_day) for account in (CHECKING, SAVINGS)]
        file = f"{person.email}/banco-debito_reciente.ofx"
        (folder / file).write_bytes(sgml("BANCO DEMO", second))
        entries = [entry for statement in second for entry in statement.entries]
        new = sum(entry.day > until for entry in entries)
        written.append(_expect(person, file, "ofx", new, updated=len(second), duplicate=len(entries) - new))
    return written


def _card_file(folder: Path, person: DemoPerson, book: Ledger, window: Window) -> FileExpectation:
    statement = _statement(person, book, CARD, window.first_day, window.last_day)
    file = f"{person.email}/tarjeta.ofx"
    (folder / file).write_bytes(xml("TARJETAS DEMO", [statement]))
    return _expect(person, file, "ofx", 1 + len(statement.entries))


def _statement(
    person: DemoPerson, book: Ledger, account: str, first: date, last: date, *, spoil: bool = False
) -> Statement:
    entries = [entry for entry in book.of(account) if first <= entry.day <= last]
    return Statement(
        account,
        book.numbers[account],
        person.currency,
        person.timezone,
        first,
        last,
        entries,
        book.balance(account, last),
        referenced=not (account == CARD and person.email == WITHOUT_REFERENCES),
        spoil=spoil,
    )


def _cases(person: DemoPerson, book: Ledger, window: Window, written: Sequence[FileExpectation]) -> Iterator[DemoCase]:
    day = equal_purchase_day(window)
    card = next(expected.file for expected in written if expected.file.endswith("tarjeta.ofx"))
    yield DemoCase("equal_purchases", "two equal purchases on one day, both real", card, 2, (str(day),))
    if person.email == WITHOUT_REFERENCES:
        what = "transactions without a reference of the bank (FITID)"
        yield DemoCase("no_references", what, card, len(book.of(CARD)))
    for expected in written:
        if expected.file.endswith("_reciente.ofx"):
            what = "transactions that an earlier statement of the account already brought"
            yield DemoCase("overlapping_statements", what, expected.file, expected.duplicate)
        if expected.malformed:
            what = "amounts, dates or periods that are none: '$120', 20260345, 'cada luna'"
            yield DemoCase("malformed_finance", what, expected.file, expected.malformed)
        if expected.file.endswith("presupuestos.csv"):
            what = "budgets that are ok, near their limit and exceeded in the current period"
            yield DemoCase("budget_levels", what, expected.file, expected.good)


def _expect(
    person: DemoPerson,
    file: str,
    format_name: str,
    good: int,
    *,
    updated: int = 0,
    duplicate: int = 0,
    malformed: int = 0,
) -> FileExpectation:
    return FileExpectation(
        file,
        "finance",
        format_name,
        person.email,
        good=good,
        updated=updated,
        duplicate=duplicate,
        malformed=malformed,
    )
