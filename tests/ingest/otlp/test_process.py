"""`cauce otlp` as a process: what it prints, how it stops, and what a kill leaves."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from pydantic import ValidationError

from cauce.errors import FatalError
from cauce.settings import Settings
from ingest.otlp import serve
from tests.conftest import HOME
from tests.ingest.otlp.receiving import TOKEN, held_up, loaded, post, request, span


@pytest.fixture(scope="module")
def environment(people_db):
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    return {
        **kept,
        "CAUCE_HOME": str(people_db.settings.home),
        "CAUCE_SECRET_KEY": (Path(os.environ[HOME]) / "secrets" / "key").read_text().strip(),
        "CAUCE_OTLP_TOKEN": TOKEN,
        "DATABASE_URL": people_db.address.superuser_url.rsplit("/", 1)[0] + f"/{people_db.address.name}",
    }


@pytest.fixture
def start(environment):
    """Starts a receiver; gives its process and its address once it listens."""
    started = []

    def run(*arguments, **changes):
        process = subprocess.Popen(
            [sys.executable, "-m", "cauce", "otlp", "--port", "0", *arguments],
            env=environment | changes,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        first = process.stdout.readline()
        assert first.startswith("Traces are received at http://127.0.0.1:"), first + process.stderr.read()
        return process, first.split()[4].removesuffix("/v1/traces;")

    yield run
    for process in started:
        process.kill()
        process.communicate()


def told(errors):
    """The lines on stderr that are not progress."""
    return [line for line in errors.splitlines() if not line.startswith(("…", "✓"))]


def test_killed_right_after_an_answer_nothing_is_lost_and_a_repeat_is_no_double(people_db, start):
    acknowledged = set()

    def send(address, numbers):
        with suppress(httpx2.TransportError):
            for n in numbers:
                if post(address, request(span(n)), TOKEN).status_code == 200:
                    acknowledged.add(n)

    process, address = start()
    senders = [threading.Thread(target=send, args=(address, range(first, 1000, 4))) for first in range(1, 5)]
    for sender in senders:
        sender.start()
    while len(acknowledged) < 12:
        time.sleep(0.001)
    process.kill()
    for sender in senders:
        sender.join()
    assert 12 <= len(acknowledged) < 999
    assert acknowledged <= set(loaded(people_db, *range(1, 1000)))

    process, address = start()
    again = range(1, max(acknowledged) + 5)
    assert post(address, request(*(span(n) for n in again)), TOKEN).json() == {}
    with people_db.transaction("cauce_owner") as conn:
        rows = conn.execute("SELECT count(*), count(DISTINCT event_id) FROM usage_logs").fetchone()
    assert rows == (len(again), len(again))
    process.send_signal(signal.SIGINT)
    assert (process.wait(20), told(process.stderr.read())) == (0, [])


def test_asked_to_stop_it_finishes_what_it_accepted_and_ends_well(people_db, start):
    process, address = start("--create-user", "--user", "luis@example.com")
    unnamed = span(2001)
    unnamed["attributes"] = [one for one in unnamed["attributes"] if one["key"] != "user.email"]
    answers = []

    def send():
        answers.append(post(address, request(unnamed, span(2002, user="new@example.com")), TOKEN).json())

    with held_up(people_db) as wait_until_one_waits:
        sender = threading.Thread(target=send)
        sender.start()
        wait_until_one_waits()
        process.terminate()
        time.sleep(0.3)
        assert process.poll() is None
    sender.join()
    out, errors = process.communicate(timeout=20)
    assert (process.returncode, answers, told(errors)) == (0, [{}], [])
    assert out.endswith("stopped; everything that was accepted is loaded\n")
    assert TOKEN not in out
    with people_db.transaction("cauce_owner") as conn:
        whose = conn.execute(
            "SELECT u.email FROM usage_logs l JOIN users u ON u.id = l.user_id WHERE event_id LIKE %s OR event_id LIKE %s"
            " ORDER BY event_id",
            (f"%:{2001:016x}", f"%:{2002:016x}"),
        ).fetchall()
    assert whose == [("luis@example.com",), ("new@example.com",)]


def test_the_token_is_shown_when_asked_for_and_that_is_audited(people_db, environment):
    derived = {key: value for key, value in environment.items() if key != "CAUCE_OTLP_TOKEN"}
    command = [sys.executable, "-m", "cauce", "otlp", "--show-token"]
    shown = subprocess.run(command, env=derived, capture_output=True, text=True, timeout=60, check=True)
    assert len(shown.stdout.strip()) == 64
    with people_db.transaction("cauce_owner") as conn:
        assert conn.execute("SELECT details FROM audit_logs WHERE action = 'HAND_OUT_TOKEN'").fetchall() == [
            ({"of": "otlp"},)
        ]


def test_what_cannot_work_says_what_to_do(people_db):
    with pytest.raises(FatalError, match=r"there is no such person — nobody@example.com — .*--create-user"):
        serve(people_db.settings, people_db, host="127.0.0.1", port=0, owner_email="nobody@example.com")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(FatalError, match=rf"cannot listen: .* — 127.0.0.1:{port} — .*--port"):
            serve(people_db.settings, people_db, host="127.0.0.1", port=port)
    with pytest.raises(ValidationError, match="otlp_token"):
        Settings(otlp_token="short")
