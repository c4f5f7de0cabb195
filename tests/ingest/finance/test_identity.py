from collections import Counter
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.finance.identity import bank_number, content_identity, number_identity
from tests.ingest.finance.reading import movement, read, statement

MOVEMENTS = st.tuples(st.sampled_from(["-10.00", "-10.0", "25", "-0.50"]), st.sampled_from(["20260201", "20260202"]))
NAMED = st.lists(st.tuples(MOVEMENTS, st.sampled_from(["CAFE", "Café  sol"])), min_size=1, max_size=12)


def identities(*movements: str, **account: str) -> Counter[str]:
    return Counter(read(statement(*movements, **account)).frames["transaction"]["external_id"])


def numbered(rows) -> list[str]:
    return [movement(amount, day, name, fitid=f"N{at}") for at, ((amount, day), name) in enumerate(rows)]


def unnumbered(rows) -> list[str]:
    return [movement(amount, day, name) for (amount, day), name in rows]


@settings(max_examples=60, deadline=None)
@given(NAMED, st.randoms(use_true_random=False), st.data())
def test_with_numbers_any_order_partition_or_overlap_gives_the_same_identities(rows, random, data):
    movements = numbered(rows)
    whole = set(identities(*movements))
    assert len(whole) == len(movements)
    random.shuffle(movements)
    assert set(identities(*movements)) == whole
    begin = data.draw(st.integers(0, len(movements)))
    end = data.draw(st.integers(0, begin))
    first, second = movements[:begin], movements[end:]
    assert set(identities(*first)) | set(identities(*second)) == whole


@settings(max_examples=60, deadline=None)
@given(NAMED, st.randoms(use_true_random=False))
def test_without_numbers_equal_rows_of_a_file_stay_as_many_in_any_order(rows, random):
    movements = unnumbered(rows)
    whole = identities(*movements)
    assert len(whole) == len(movements), "every one is its own"
    random.shuffle(movements)
    assert identities(*movements) == whole
    longer = [*movements, movement("-99", "20260203", "OTHER")]
    assert set(whole) <= set(identities(*longer)), "a later, longer export brings the same ones again"


@settings(max_examples=40, deadline=None)
@given(NAMED)
def test_days_exported_apart_are_the_same_transactions_without_numbers_too(rows):
    by_day = {day: [row for row in rows if row[0][1] == day] for day in ("20260201", "20260202")}
    apart = [set(identities(*unnumbered(part))) for part in by_day.values() if part]
    assert set().union(*apart) == set(identities(*unnumbered(rows)))


def test_the_spelling_of_an_amount_or_a_description_makes_no_other_transaction():
    assert identities(movement("-10.5", name="Café   Sol")) == identities(movement("-10.50", name="CAFÉ SOL"))


def test_a_repeated_number_with_the_same_content_is_the_same_transaction():
    assert identities(movement(fitid="1"), movement(fitid="1")) == {"fitid:1": 2}


def test_a_number_used_for_two_transactions_is_no_identity():
    reused = identities(movement("-1", fitid="1"), movement("-2", fitid="1"), movement("-3", fitid="2"))
    assert len(reused) == 3
    assert sum(identity.startswith("content:") for identity in reused) == 2
    assert reused["fitid:2"] == 1, "a number of the account that is used once still holds"


def test_where_a_bank_gives_the_day_as_the_number_two_equal_purchases_stay_two():
    day_as_number = [movement("-1", fitid="20260201"), movement("-2", fitid="20260201")]
    twins = [movement("-3", "20260202", fitid="20260202")] * 2
    assert len(identities(*day_as_number, *twins)) == 4


def test_a_correction_does_not_make_the_number_it_corrects_doubtful():
    corrected = movement("-2", fitid="2", CORRECTFITID="1", CORRECTACTION="REPLACE")
    assert identities(movement("-1", fitid="1"), corrected) == {"fitid:1": 2}


def test_numbers_belong_to_an_account():
    both = read(statement(movement("-1", fitid="1")) + statement(movement("-2", fitid="1"), account="222"))
    assert both.frames["transaction"]["external_id"].to_list() == ["fitid:1", "fitid:1"]
    overlapping = read(statement(movement("-1", fitid="1")) + statement(movement("-1", fitid="1")))
    assert overlapping.frames["transaction"]["external_id"].to_list() == ["fitid:1", "fitid:1"]


@pytest.mark.parametrize("fitid", [None, "", "0", "0000", "N/A", "none", "--"])
def test_a_number_that_says_none_is_none(fitid):
    assert bank_number(fitid) is None


def test_identities_fit_their_column():
    assert len(number_identity("9" * 255)) <= 255
    assert number_identity("9" * 255) != number_identity("9" * 254 + "8")
    longest = content_identity(date(2026, 1, 1), Decimal("-999999999999999.9999"), "MXN", "x" * 500, 10**9)
    assert len(longest) <= 255
