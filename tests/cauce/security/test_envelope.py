from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cauce.errors import FatalError
from cauce.security.envelope import HEADER, Place, Sealer
from cauce.security.keyring import KeyRing, StoredKey, new_key
from cauce.security.secrets import Secrets, load_secrets

ANA, LUIS = UUID(int=1), UUID(int=2)
PLACE = Place("quarantined_rows", "raw_sealed", ANA, UUID(int=3))
SECRETS = Secrets(b"a secret of the tests")
KEYS = [StoredKey(key, new_key(SECRETS, key), active=key == 258) for key in (1, 258)]


def sealer(*keys: StoredKey, secrets: Secrets = SECRETS) -> Sealer:
    return Sealer(secrets, KeyRing(secrets, lambda: keys))


SEALER = sealer(*KEYS)


@given(st.text())
def test_what_was_sealed_opens_in_its_place(text: str) -> None:
    assert SEALER.open(SEALER.seal(text, PLACE), PLACE) == text


def test_an_envelope_tells_its_version_and_its_key() -> None:
    assert SEALER.seal("x", PLACE)[:3] == b"\x01\x01\x02"
    assert len(SEALER.seal("x", PLACE)) == 3 + 12 + 1 + 16


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(PLACE, table="transactions"),
        replace(PLACE, column="notes"),
        replace(PLACE, tenant=LUIS),
        replace(PLACE, tenant=None),
        replace(PLACE, row=UUID(int=4)),
        replace(PLACE, tenant=PLACE.row, row=ANA),
    ],
)
def test_what_was_moved_does_not_open(elsewhere: Place) -> None:
    sealed = SEALER.seal("diagnóstico", PLACE)
    assert SEALER.open(sealed, PLACE) == "diagnóstico"
    with pytest.raises(FatalError, match="does not open"):
        SEALER.open(sealed, elsewhere)


def test_every_flipped_bit_is_refused() -> None:
    sealed = SEALER.seal("diagnóstico", PLACE)
    for position in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(FatalError):
            SEALER.open(bytes(changed), PLACE)


def test_a_header_of_another_key_that_is_there_is_refused() -> None:
    sealed = SEALER.seal("diagnóstico", PLACE)
    with pytest.raises(FatalError, match="does not open"):
        SEALER.open(HEADER.pack(1, 1) + sealed[HEADER.size :], PLACE)


def test_whatever_is_cut_off_is_missed() -> None:
    sealed = SEALER.seal("diagnóstico", PLACE)
    for length in range(len(sealed)):
        with pytest.raises(FatalError):
            SEALER.open(sealed[:length], PLACE)
    with pytest.raises(FatalError, match="cut short"):
        SEALER.open(b"", PLACE)


def test_an_unknown_version_and_an_unknown_key_are_said() -> None:
    sealed = SEALER.seal("diagnóstico", PLACE)
    with pytest.raises(FatalError, match="unknown version"):
        SEALER.open(b"\x02" + sealed[1:], PLACE)
    with pytest.raises(FatalError, match="the key 7, which is not there"):
        SEALER.open(HEADER.pack(1, 7) + sealed[HEADER.size :], PLACE)


def test_a_retired_key_opens_and_seals_no_more() -> None:
    old = sealer(replace(KEYS[0], active=True)).seal("x", PLACE)
    assert old[:3] == b"\x01\x00\x01"
    assert SEALER.open(old, PLACE) == "x"
    with pytest.raises(FatalError, match=r"no key to seal with .*cauce migrate"):
        sealer(*(replace(key, active=False) for key in KEYS)).seal("x", PLACE)


def test_another_secret_opens_no_key_and_says_what_to_do() -> None:
    with pytest.raises(FatalError, match="set CAUCE_SECRET_KEY") as caught:
        sealer(*KEYS, secrets=Secrets(b"another")).seal("x", PLACE)
    assert "\n" not in str(caught.value)


def test_a_key_is_bound_to_its_id() -> None:
    with pytest.raises(FatalError, match="does not open its keys"):
        sealer(replace(KEYS[0], id=2, active=True)).seal("x", PLACE)


def test_blind_indexes_find_equal_values_of_one_purpose_only() -> None:
    index = SEALER.blind_index("123|9100", purpose="account")
    assert index == SEALER.blind_index("123|9100", purpose="account")
    assert index != SEALER.blind_index("123|9200", purpose="account")
    assert index != SEALER.blind_index("123|9100", purpose="other")


def test_the_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first, second = load_secrets(tmp_path), load_secrets(tmp_path)
    assert first.master == second.master
    assert (tmp_path / "secrets" / "key").stat().st_mode & 0o777 == 0o600
    assert load_secrets(tmp_path, "configured").master == b"configured"
    assert first.master.hex() not in repr(first)


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(FatalError, match="make the folder writable"):
        load_secrets(blocked)
