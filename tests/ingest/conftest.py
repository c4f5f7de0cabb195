import pytest

from tests.ingest.frames import FrameLoader


@pytest.fixture
def load_frames(db, tmp_path, monkeypatch):
    """Hands frames to the load engine as one file: `load_frames("finance", ("account", {...}), owner=ana)`."""
    return FrameLoader(db, tmp_path, monkeypatch)
