from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.finance.ofx.values import declared_encoding, moment

ZONE = "America/Mexico_City"


@given(
    st.datetimes(datetime(1901, 1, 1), datetime(2199, 1, 1)),  # noqa: DTZ001
    st.integers(-12, 14),
)
def test_a_time_with_its_offset_is_that_instant_and_the_day_as_written(local, hours):
    written = f"{local:%Y%m%d%H%M%S}.{local.microsecond // 1000:03}[{hours}:XYZ]"
    exact = local.replace(microsecond=local.microsecond // 1000 * 1000, tzinfo=timezone(timedelta(hours=hours)))
    assert moment(written, ZONE) == (local.date(), exact.astimezone(UTC))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("20260228", None),
        ("202602281830", datetime(2026, 3, 1, 0, 30, tzinfo=UTC)),
        ("20260228183000", datetime(2026, 3, 1, 0, 30, tzinfo=UTC)),
        ("20260228183000[-:EST]", datetime(2026, 2, 28, 23, 30, tzinfo=UTC)),
        ("20260228183000.123[0:GMT]", datetime(2026, 2, 28, 18, 30, 0, 123000, tzinfo=UTC)),
        ("20260228183000[-3.5:NST]", datetime(2026, 2, 28, 22, tzinfo=UTC)),
        ("20260228183000[-3.5]", datetime(2026, 2, 28, 22, tzinfo=UTC)),
    ],
)
def test_times_without_an_offset_are_on_the_owners_clock(text, instant):
    assert moment(text, ZONE) == (date(2026, 2, 28), instant)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ayer",
        "20261301",
        "20260230",
        "2026-02-28",
        "202602282500",
        "18990101",
        "201120000000",
        "20260228183000[99:X]x",
    ],
)
def test_what_is_no_date(text):
    assert moment(text, ZONE) is None


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("OFXHEADER:100\r\nENCODING:USASCII\r\nCHARSET:1252\r\n", "1252"),
        ("OFXHEADER:100\nENCODING:UTF-8\nCHARSET:NONE\n", "UTF-8"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?>', "ISO-8859-1"),
        ("<OFX>", None),
    ],
)
def test_the_header_declares_an_encoding(head, encoding):
    assert declared_encoding(head) == encoding
