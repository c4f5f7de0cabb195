"""What runs on a data directory, read from /proc: the postmaster, its backends, and strangers with a reused pid."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from psycopg.pq import PGconn, Ping

from cauce.database.server_account import ENVIRONMENT

PROC = Path("/proc")
POLL_SECONDS = 0.01
HIGHEST_PID = 2**22
"""Linux gives no higher ones (PID_MAX_LIMIT)."""


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What `postmaster.pid` says; believe it only if `pid` is among `server_pids`."""

    pid: int
    started_at: datetime
    port: int
    ready: bool


def read_postmaster(data: Path) -> Postmaster | None:
    """The server that `postmaster.pid` names; None if there is no such file, it is not (yet) whole or names no pid."""
    try:
        lines = (data / "postmaster.pid").read_text(errors="replace").splitlines()
        started_at = datetime.fromtimestamp(int(lines[2]), UTC)
        ready = len(lines) > 7 and lines[7].strip() == "ready"
        pid = abs(int(lines[0]))  # a single-user session writes its pid with a minus sign
        # PostgreSQL reads such a number as some other pid, and would take that process for a server of ours.
        return Postmaster(pid, started_at, int(lines[3]), ready) if 0 < pid <= HIGHEST_PID else None
    except (FileNotFoundError, NotADirectoryError, IndexError, ValueError, OverflowError):
        return None


def cluster_name(data: Path) -> str:
    """The name the server carries in its process titles, by which it is known where /proc does not show its folder."""
    return f"cauce-{sha256(os.fsencode(data.resolve())).hexdigest()[:8]}"


def server_pids(data: Path) -> list[int]:
    """Every live PostgreSQL process whose working directory is `data`; one that only waits to be reaped is none."""
    numbers = (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())
    return [pid for pid in numbers if serves(pid, data)]


def serves(pid: int, data: Path) -> bool:
    """Whether the process is a PostgreSQL, alive, and works on `data`."""
    process = PROC / str(pid)
    try:
        if (process / "comm").read_bytes().strip() != b"postgres":
            return False
        try:
            return (process / "cwd").samefile(data)
        except PermissionError:  # of another account, and we may not trace it: its title still names its cluster
            return cluster_name(data).encode() in (process / "cmdline").read_bytes()
    except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
        return False


def answers(port: int) -> bool:
    """Whether a PostgreSQL on the loopback port takes connections now."""
    conninfo = f"host=127.0.0.1 hostaddr=127.0.0.1 port={port} user=postgres dbname=postgres connect_timeout=2"
    return PGconn.ping(f"{conninfo} sslmode=disable gssencmode=disable".encode()) == Ping.OK


def launch(program: list[str], data: Path, log: Path, inherited: int) -> int:
    """Start the server on `data` as a session of its own, its first words in `log`; its pid.

    A shell that ends at once leaves it to init: nobody has to reap it, and no pipe or terminal of ours holds it.
    """
    shell = shutil.which("sh") or "/bin/sh"
    detach = 'log=$1; shift; "$@" </dev/null >"$log" 2>&1 & echo $!'
    command = [shell, "-c", detach, shell, str(log), *program, "-c", f"cluster_name={cluster_name(data)}"]
    done = subprocess.run(
        command, env=ENVIRONMENT, cwd=data, pass_fds=(inherited,), umask=0o077, start_new_session=True,
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return int(done.stdout)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        stat = (PROC / str(pid) / "stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(b")")[2].split()[0] not in (b"Z", b"X")


def is_known(pid: int) -> bool:
    """Whether the system knows the pid at all, be it only as a process that waits to be reaped."""
    return (PROC / str(pid)).exists()


def send(pid: int, signum: signal.Signals) -> None:
    """Send a signal to a process that may have ended by now."""
    with suppress(ProcessLookupError):
        os.kill(pid, signum)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll until the condition holds; False if it did not within the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def quit_processes(data: Path) -> int:
    """End every process of a server that has lost its postmaster; the number of them.

    SIGQUIT makes PostgreSQL leave at once without touching its files; SIGKILL is for one that does not listen. The data
    is safe either way: the next start recovers from the write-ahead log.
    """
    pids = server_pids(data)
    for sent, patience in ((signal.SIGQUIT, 5.0), (signal.SIGKILL, 10.0)):
        for pid in server_pids(data):
            send(pid, sent)
        if wait_until(lambda: not server_pids(data), patience):
            break
    return len(pids)
