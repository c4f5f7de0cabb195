import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .reading import read

EVENT = {
    "event_id": "e",
    "timestamp": "2026-03-01T09:30:00Z",
    "user": "ana@example.com",
    "agent": "asistente",
    "conversation": "c-1",
    "provider": "openai",
    "model": "gpt-4o-mini",
    "input_tokens": 10,
    "output_tokens": 5,
    "success": True,
}


def hash_of(**changes: object) -> bytes:
    event = {key: value for key, value in (EVENT | changes).items() if value is not None}
    digest = read(json.dumps(event).encode()).events["content_hash"][0]
    assert len(digest) == 16
    return digest


@pytest.mark.parametrize(
    "spelling",
    [
        {"input_tokens": "10"},
        {"timestamp": "2026-03-01T03:30:00-06:00"},
        {"user": " Ana@Example.com"},
        {"provider": "OpenAI"},
        {"cache_read_tokens": 0},
        {"success": "true"},
        {"success": None},
        {"event_id": "another"},
        {"team": "ventas"},
        {"duration_ms": 5},
    ],
)
def test_another_spelling_is_the_same_meaning(spelling):
    assert hash_of(**spelling) == hash_of()


@pytest.mark.parametrize(
    "change",
    [
        {"input_tokens": 11},
        {"output_tokens": 6},
        {"cache_read_tokens": 1},
        {"cache_write_tokens": 1},
        {"reasoning_tokens": 1},
        {"timestamp": "2026-03-01T09:30:00.000001Z"},
        {"user": "beto@example.com"},
        {"user": None},
        {"agent": "otro"},
        {"conversation": None},
        {"provider": None},
        {"model": "gpt-4o"},
        {"success": False},
    ],
)
def test_another_meaning_is_another_hash(change):
    assert hash_of(**change) != hash_of()


def test_the_hash_is_the_same_in_every_run():
    assert hash_of().hex() == "9972406bffb3826754bd996e7d2ee26b"


@settings(max_examples=30, deadline=None)
@given(st.permutations(list(EVENT)))
def test_the_order_of_keys_means_nothing(keys):
    shuffled = {key: EVENT[key] for key in keys}
    assert read(json.dumps(shuffled).encode()).events["content_hash"][0] == hash_of()
