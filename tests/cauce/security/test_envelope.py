from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cauce.errors import FatalError
from cauce.security.envelope import Place, Sealer
from cauce.security.secrets import Secrets, load_secrets

ANA, LUIS = UUID(int=1), UUID(int=2)
PLACE = Place("quarantined_rows", "raw_sealed", ANA, UUID(int=3))
SEALER = Sealer(Secrets(b"a secret of the tests"))


@given(st.text())
def test_what_was_sealed_opens_in_its_place(text: str) -> None:
    assert SEALER.open(SEALER.seal(text, PLACE), PLACE) == text


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(PLACE, table="transactions"),
        replace(PLACE, column="notes"),
        replace(PLACE, tenant=LUIS),
        replace(PLACE, tenant=None),
        replace(PLACE, row=UUID(int=4)),
    ],
)
def test_what_was_moved_does_not_open(elsewhere: Place) -> None:
    sealed = SEALER.seal("diagnóstico", PLACE)
    assert SEALER.open(sealed, PLACE) == "diagnóstico"
    with pytest.raises(FatalError, match="does not open"):
        SEALER.open(sealed, elsewhere)


def test_every_flipped_byte_is_refused() -> None:
    sealed = SEALER.seal("diagnóstico", PLACE)
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(FatalError):
            SEALER.open(bytes(changed), PLACE)


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(FatalError, match="does not open"):
        Sealer(Secrets(b"another")).open(SEALER.seal("x", PLACE), PLACE)


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
