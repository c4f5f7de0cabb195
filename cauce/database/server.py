"""The supervisor of the embedded PostgreSQL.

The server lives in `home/postgres`, listens on 127.0.0.1 only and is shared by every process that asks for it. It
outlives the process that started it, until `stop`. Whoever is killed at whatever moment, the next `ensure_running`
finds or makes a sound server: what is believed is /proc, not a file that a crash left behind.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from signal import SIGINT, SIGQUIT, SIGTERM
from typing import Literal

from cauce.database import server_cluster as cluster
from cauce.database import server_files as files
from cauce.database import server_process as processes
from cauce.database.server_account import Account, choose_account
from cauce.database.server_cluster import SUPERUSER
from cauce.database.server_failure import explained, failure, log_since, log_sizes
from cauce.database.server_files import server_binaries
from cauce.errors import FatalError, RetriableError
from cauce.progress import Progress

__all__ = ["EmbeddedServer", "ServerAddress", "ServerStatus", "server_binaries"]

HOST = "127.0.0.1"
START_SECONDS = 600.0
"""Recovery after a crash may take minutes; a server that is still at work on it is not given up before this."""
STOP_SECONDS = 120.0
STOP_SIGNALS = {"smart": SIGTERM, "fast": SIGINT, "immediate": SIGQUIT}


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a running server listens, and its superuser."""

    host: str
    port: int
    superuser: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What is known of the server. `running` says that it takes connections; `version` is that of the programs."""

    running: bool
    pid: int | None
    port: int | None
    data_directory: Path
    version: str
    started_at: datetime | None


class EmbeddedServer:
    """The PostgreSQL of one installation. Instances hold no state: any number, in any process, mean the same server."""

    def __init__(self, home: Path, *, fsync: bool = True, user_namespace: bool = True) -> None:
        """Describe the server below `home`; nothing is touched yet.

        `fsync=False` trades durability for speed, for tests. `user_namespace=False` does as on a system without them.
        """
        self.home = home.absolute()
        self.data = self.home / "postgres"
        self.logs = self.home / "log"
        self.secrets = self.home / "secrets"
        self.fsync = fsync
        self.user_namespace = user_namespace

    def ensure_running(self, *, on_progress: Progress | None = None) -> ServerAddress:
        """Give the address of the running server; make and start it where it is not. Idempotent, from many processes.

        Raises `FatalError` where a person must act (disk, permissions, other version), `RetriableError` on a time-out.
        """
        report = on_progress or (lambda _: None)
        with explained(self.home):
            if (server := self._postmaster()) and server.ready and processes.answers(server.port):
                return self._address(server.port)
            self._make_folders()
            with self._lock(report) as lock:
                return self._start(lock, report)

    def stop(self, *, mode: Literal["smart", "fast", "immediate"] = "fast") -> bool:
        """Stop the server and wait until it is gone; False if none ran. What was committed is kept in every mode."""
        with explained(self.home):
            if not processes.server_pids(self.data):
                return False
            with self._lock(lambda _: None):
                if server := self._postmaster():
                    processes.send(server.pid, STOP_SIGNALS[mode])
                    if not processes.wait_until(lambda: not processes.is_alive(server.pid), STOP_SECONDS):
                        raise RetriableError(
                            f"PostgreSQL has not stopped within {STOP_SECONDS:.0f} s",
                            where=f"pid {server.pid}",
                            action="end the programs that still use it, then run the same command again",
                        )
                processes.quit_processes(self.data)
                return True

    def status(self) -> ServerStatus:
        """Look at the server without changing anything."""
        with explained(self.home):
            server = self._postmaster()
            return ServerStatus(
                running=bool(server and server.ready and processes.answers(server.port)),
                pid=server.pid if server else None,
                port=server.port if server else cluster.remembered_port(self.data),
                data_directory=self.data,
                version=files.server_version(server_binaries()),
                started_at=server.started_at if server else None,
            )

    def _address(self, port: int) -> ServerAddress:
        try:
            password = (self.secrets / SUPERUSER).read_text().strip()
        except FileNotFoundError as error:
            raise FatalError(
                "the superuser's password is lost",
                where=str(self.secrets / SUPERUSER),
                action="put the file back from a backup, or move the data directory away to start anew",
            ) from error
        return ServerAddress(HOST, port, SUPERUSER, password)

    def _postmaster(self) -> processes.Postmaster | None:
        """The live postmaster of our data directory."""
        server = processes.read_postmaster(self.data)
        return server if server and processes.serves(server.pid, self.data) else None

    def _make_folders(self) -> None:
        for folder in (self.home, self.secrets, self.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.secrets.chmod(0o700)

    @contextmanager
    def _lock(self, report: Progress) -> Iterator[int]:
        with files.one_at_a_time(self.home / "postgres.lock", report, patience=START_SECONDS) as lock:
            yield lock

    def _start(self, lock: int, report: Progress) -> ServerAddress:
        cluster.remove_leftovers(self.home)
        said = ""
        for _ in range(5):
            if server := self._postmaster():  # started by another, or by a starter that was killed meanwhile
                if ready := self._wait(server.pid, report):
                    return ready
                continue
            self._clear_remains(report)
            binaries = server_binaries()
            account = choose_account(self.home, self.data, binaries / "postgres", user_namespace=self.user_namespace)
            self._ensure_cluster(account, binaries, lock, report)
            self._address(0)
            port = cluster.free_port(cluster.remembered_port(self.data))
            cluster.write_configuration(self.data, port, account, fsync=self.fsync)
            (self.logs / "start.log").write_bytes(b"")
            account.own(self.data, self.logs, self.logs / "start.log")
            report("starting PostgreSQL")
            sizes = log_sizes(self.logs)
            program = [*account.prefix, str(binaries / "postgres"), "-D", str(self.data), "-h", HOST, "-p", str(port)]
            try:
                with files.claimed(self.home / "postgres.claim") as claim:
                    pid = processes.launch(program, self.data, self.logs / "start.log", claim)
            except RetriableError:
                if self._postmaster():  # one that a killed starter had only just launched
                    continue
                raise
            if ready := self._wait(pid, report):
                return ready
            said = log_since(self.logs, sizes)
            if "Address already in use" not in said and "pre-existing shared memory" not in said:
                break
        raise failure(said, self.data)

    def _clear_remains(self, report: Progress) -> None:
        """End backends that outlived their postmaster; only then is a pid file that names a stranger removed."""
        if processes.server_pids(self.data):
            report("ending the remains of a PostgreSQL that was killed")
            processes.quit_processes(self.data)
        remains = self.data / "postmaster.pid"
        found = processes.read_postmaster(self.data)
        if remains.exists() and (found is None or processes.is_known(found.pid)):
            remains.unlink()

    def _ensure_cluster(self, account: Account, binaries: Path, lock: int, report: Progress) -> None:
        marker = self.data / "PG_VERSION"
        version = files.server_version(binaries)
        if marker.exists():
            made_by = marker.read_text().strip()
            if made_by != version.partition(".")[0]:
                raise FatalError(
                    f"the data directory was made by PostgreSQL {made_by}, this is PostgreSQL {version}",
                    where=str(self.data),
                    action="move it away to start anew, or set DATABASE_URL to a server that has the data",
                )
        elif self.data.exists() and any(self.data.iterdir()):
            raise FatalError(
                "the folder holds something that is no PostgreSQL data directory",
                where=str(self.data),
                action="move it away, then run the same command again",
            )
        else:
            report("creating the database cluster")
            password = files.make_password(self.secrets / SUPERUSER)
            cluster.create_cluster(self.data, password, account, binaries, fsync=self.fsync, lock=lock)

    def _wait(self, pid: int, report: Progress) -> ServerAddress | None:
        """Wait until the server takes connections; None if it ended instead."""
        begun = told = time.monotonic()
        while processes.is_alive(pid):
            if (server := self._postmaster()) and server.ready and processes.answers(server.port):
                return self._address(server.port)
            now = time.monotonic()
            if now - begun > START_SECONDS:
                raise RetriableError(
                    f"PostgreSQL is not ready after {START_SECONDS:.0f} s",
                    where=f"pid {pid}",
                    action=f"see what it does in {self.logs}, then run the same command again",
                )
            if now - told > 3:
                told = now
                report(f"PostgreSQL is getting its data in order ({now - begun:.0f} s)")
            time.sleep(processes.POLL_SECONDS)
        return None
