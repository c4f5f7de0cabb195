"""Renewing the published figures after a person changed something: one `cauce run` at a time, in its own process."""

import logging
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Lock, Thread
from typing import Final

import streamlit as st

from app_streamlit.page import Page

COMMAND: Final = [sys.executable, "-m", "cauce", "run"]
_logger = logging.getLogger("cauce.app")


@dataclass(frozen=True, slots=True)
class State:
    """Where the renewal stands; `count` grows with each one that ended."""

    running_since: datetime | None = None
    count: int = 0
    failed: bool = False


_lock = Lock()
_state = State()
_again = False


def start() -> None:
    """Begin a renewal; when one is under way, another follows it, so that it sees what was just written."""
    global _state, _again
    with _lock:
        if _state.running_since is not None:
            _again = True
            return
        _state = replace(_state, running_since=datetime.now(UTC))
    Thread(target=_work, name="cauce-refresh", daemon=True).start()


def state() -> State:
    """Where the renewal stands now."""
    with _lock:
        return _state


def show_refresh(page: Page) -> None:
    """Show a renewal that is under way, and draw the page again when it ends."""
    seen = state()
    key = "refresh-seen"
    if seen.running_since is None:
        if st.session_state.pop(key, None) is not None:
            if seen.failed:
                st.warning(page.t("refresh.failed"), icon=":material/warning:")
            else:
                st.toast(page.t("refresh.done"), icon=":material/check_circle:")
        return
    st.session_state[key] = seen.count
    _progress(page)


@st.fragment(run_every=1.0)
def _progress(page: Page) -> None:
    now = state()
    if now.running_since is None:
        st.rerun()
    seconds = int((datetime.now(UTC) - now.running_since).total_seconds())
    st.status(page.t("refresh.running", seconds=seconds), state="running")


def _work() -> None:
    global _state, _again
    while True:
        failed = not _run()
        with _lock:
            again, _again = _again, False
            _state = State(_state.running_since if again else None, _state.count + 1, failed)
        if not again:
            return


def _run() -> bool:
    try:
        done = subprocess.run(COMMAND, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except OSError:
        _logger.exception("the figures could not be renewed")
        return False
    if done.returncode != 0:
        _logger.error("`cauce run` ended with %s: %s", done.returncode, done.stderr.strip()[-2000:])
    return done.returncode == 0
