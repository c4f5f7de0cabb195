from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from cauce.errors import SkippableError
from ingest.finance import FORMATS
from tests.ingest.finance.reading import DATA, movement, read, statement


def test_sgml_of_two_accounts():
    reading = read(DATA / "two_accounts.ofx")
    assert (reading.format, reading.read, reading.rejections, reading.ignored) == ("ofx", 10, [], {})
    accounts = reading.frames["account"].drop("record", "line").rows()
    assert accounts == [
        (
            "030|001234567890",
            "7890",
            "Cuenta de cheques ····7890",
            "checking",
            "Banco del Bajío",
            "MXN",
            Decimal("14874.4400"),
            datetime(2026, 3, 1, 5, 59, 59, tzinfo=UTC),
        ),
        (
            "|5555444433332222",
            "2222",
            "Tarjeta de crédito ····2222",
            "credit",
            "Banco del Bajío",
            "MXN",
            Decimal("-199.0000"),
            datetime(2026, 2, 28, 6, tzinfo=UTC),
        ),
    ]
    columns = ("description", "amount", "type", "category", "notes")
    assert reading.frames["transaction"].select(columns).rows() == [
        ("NÓMINA QUINCENAL", Decimal("18500"), "income", "nomina", None),
        ("OXXO ROMA NORTE", Decimal("-45.5"), "expense", "supermercado", None),
        ("OXXO ROMA NORTE", Decimal("-45.5"), "expense", "supermercado", None),
        ("CAFÉ & PAN, SUC. CENTRO", Decimal("-1234.56"), "expense", "restaurantes", None),
        ("TRASPASO A TARJETA", Decimal("-2000"), "transfer", "transferencias", None),
        ("CHECK 17", Decimal("-300"), "expense", "sin_categoria", None),
        ("SU PAGO, GRACIAS", Decimal("2000"), "transfer", "sin_categoria", None),
        ("NETFLIX.COM", Decimal("-199"), "expense", "suscripciones", "MENSUALIDAD"),
    ]


def test_lines_are_those_of_the_file():
    lines = (DATA / "two_accounts.ofx").read_text("cp1252").splitlines()
    transactions = read(DATA / "two_accounts.ofx").frames["transaction"]
    assert all(lines[line - 1].startswith("<STMTTRN>") for line in transactions["line"])
    assert transactions["line"].is_unique().all()


def test_the_day_is_the_banks_and_the_instant_is_told_only_with_a_time():
    transactions = read(DATA / "two_accounts.ofx").frames["transaction"]
    assert transactions.select("date", "posted_at").rows()[:2] == [
        (date(2026, 2, 13), datetime(2026, 2, 13, 18, tzinfo=UTC)),
        (date(2026, 2, 14), None),
    ]


def test_xml_of_an_investment_account_gives_its_cash_only():
    reading = read(DATA / "investment.ofx")
    assert reading.ignored == {"BUYSTOCK": 1, "INCOME": 1, "POSSTOCK": 1, "STOCKINFO": 1}
    assert (reading.read, reading.rejections) == (7, [])
    (account,) = reading.frames["account"].select("type", "currency", "balance", "balance_at").rows()
    assert account == ("investment", "USD", Decimal("96.35"), datetime(2026, 2, 28, 21, tzinfo=UTC))
    columns = ("description", "amount", "currency", "fx_rate", "account_type")
    assert reading.frames["transaction"].select(columns).rows() == [
        ("&secret;", Decimal(100), "EUR", Decimal("1.17"), "investment"),
        ("Fee <monthly> & more", Decimal("-3.65"), "USD", Decimal("0.055"), "investment"),
    ], "CURRENCY tells the amount's currency, ORIGCURRENCY the one it was; entities of the file are never expanded"


def test_one_bad_record_for_every_rule_costs_only_itself():
    reading = read(DATA / "bad_movements.ofx")
    assert reading.rules() == [
        (5, "TRNAMT", "invalid_amount"),
        (6, "DTPOSTED", "invalid_date"),
        (7, "TRNAMT", "invalid_amount"),
        (8, "CURSYM", "unknown_currency"),
        (9, "CURRATE", "invalid_rate"),
        (10, "CORRECTACTION", "withdrawn_by_bank"),
        (2, "BALAMT", "invalid_amount"),
        (15, "ACCTID", "missing_account"),
        (14, "ACCTID", "missing_account"),
        (17, "CURDEF", "unknown_currency"),
        (18, "DTASOF", "invalid_date"),
        (19, "STMTTRN", "missing_account"),
        (21, "STMTTRN", "truncated_record"),
    ]
    assert reading.frames["transaction"]["external_id"].to_list() == ["fitid:ok"]
    assert reading.frames["account"]["mask"].to_list() == ["5"]
    assert reading.read == 15


def test_reasons_never_quote_the_file():
    reasons = " ".join(rejection.reason for rejection in read(DATA / "bad_movements.ofx").rejections)
    assert not any(secret in reasons for secret in ("$120", "11112222", "mucho", "PESOS", "ayer", "cheap"))


def test_every_problem_of_a_record_is_told_at_once():
    (rejection,) = read(statement(movement(amount="mil", day="mañana"))).rejections
    assert (rejection.column, rejection.rule) == ("TRNAMT", "invalid_amount")
    assert "amount" in rejection.reason
    assert "date" in rejection.reason


@pytest.mark.parametrize("file", ["two_accounts.ofx", "investment.ofx", "bad_movements.ofx"])
def test_the_text_of_each_record_reads_again_to_the_same_record(file):
    reading = read(DATA / file)
    for kind, frame in reading.frames.items():
        for row in frame.drop("line").iter_rows(named=True):
            again = read(reading.raw[row["record"]]).frames[kind].drop("record", "line")
            content = {name: value for name, value in row.items() if name != "record"}
            if content.get("external_id", "").endswith("|2"):
                content["external_id"] = (
                    content["external_id"][:-1] + "1"
                )  # alone, the second of two equals is the first
            assert again.to_dicts() == [content]
    for rejection in reading.rejections:
        rules = {again.rule for again in read(rejection.raw).rejections}
        assert rules == {rejection.rule}


def test_a_repaired_text_loads():
    (rejection,) = read(statement(movement(amount="$120", fitid="7"), account="999", currency="USD")).rejections
    again = read(rejection.raw.replace("$120", "-120"))
    assert again.rejections == []
    columns = ("account_key_text", "amount", "currency", "external_id")
    assert again.frames["transaction"].select(columns).rows() == [("1|999", Decimal(-120), "USD", "fitid:7")]


def test_the_account_may_come_after_its_movements():
    reading = read(
        f"<OFX><STMTRS><BANKTRANLIST>{movement()}</BANKTRANLIST><CURDEF>MXN"
        "<BANKACCTFROM><BANKID>1<ACCTID>42</BANKACCTFROM></STMTRS></OFX>"
    )
    assert reading.frames["transaction"]["account_key_text"].to_list() == ["1|42"]


def test_movements_whose_end_is_missing_are_all_there():
    loose = [movement(name=name).removesuffix("</STMTTRN>") for name in ("A", "B", "C")]
    assert read(statement(*loose)).frames["transaction"]["description"].to_list() == ["A", "B", "C"]


def test_a_replacement_has_the_number_of_what_it_replaces():
    reading = read(statement(movement(fitid="new", CORRECTFITID="old", CORRECTACTION="REPLACE")))
    assert reading.frames["transaction"]["external_id"].to_list() == ["fitid:old"]


def test_pending_movements_and_loans_are_ignored_by_kind():
    pending = "<BANKTRANLISTP><STMTTRNP><TRNAMT>-1<NAME>X</STMTTRNP></BANKTRANLISTP>"
    reading = read(statement().replace("<LEDGERBAL>", f"{pending}<LEDGERBAL>") + "<LOANSTMTRS><CURDEF>MXN</LOANSTMTRS>")
    assert reading.ignored == {"STMTTRNP": 1, "LOANSTMTRS": 1}
    assert reading.frames["account"].height == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("OFXHEADER:100\n\n<OFX><SIGNONMSGSRSV1></SIGNONMSGSRSV1></OFX>", "no account statement"),
        ("<OFX>\n<STMTRS>\n<!-- never closed", "line 3"),
    ],
)
def test_a_file_that_is_no_use_as_a_whole_says_so(content, said):
    with pytest.raises(SkippableError, match=said):
        read(content)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_text_is_read_in_the_encoding_it_is_in_whatever_the_header_says(encoding):
    header = "OFXHEADER:100\r\nENCODING:USASCII\r\nCHARSET:1252\r\n\r\n"
    reading = read((header + statement(movement(name="PEÑA Y CAFÉ"))).encode(encoding))
    assert reading.frames["transaction"]["description"].to_list() == ["PEÑA Y CAFÉ"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"date,amount\n2026-01-01,5\n",
        b"<html><body>OFX</body></html>",
        b"name,category,period\n",
        b"\x00\x01",
    ],
)
def test_other_files_are_not_taken_for_ofx(content):
    assert not FORMATS[0].sniff(content)


def test_a_long_statement_comes_in_chunks_of_bounded_size():
    reading = read(statement(*(movement(amount=f"-{n}.00") for n in range(1, 45_001))))
    assert reading.frames["transaction"].height == 45_000
    assert reading.frames["transaction"]["record"].to_list() == list(range(1, 45_001))
