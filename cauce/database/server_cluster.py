"""A cluster of the embedded server: making one, its configuration, its port."""

import errno
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from cauce.database.server_account import ENVIRONMENT, Account
from cauce.database.server_failure import disk_full, failure
from cauce.database.server_files import sync_folder
from cauce.errors import FatalError, RetriableError

SUPERUSER = "postgres"
STAGING_PREFIX = "postgres.new-"
MIB = 2**20
INITIAL_BYTES = 100 * MIB
"""What a new cluster needs on disk: 40 MB of catalogues, 16 of write-ahead log, and room to work."""

PORTS = range(20_000, 32_000)
"""Below the ports that systems hand out to outgoing connections, so that a remembered one stays free."""


def remove_leftovers(home: Path) -> None:
    """Remove what a killed `create_cluster` left; the caller holds the lock."""
    for leftover in home.glob(f"{STAGING_PREFIX}*"):
        shutil.rmtree(leftover)


def create_cluster(data: Path, password: str, account: Account, binaries: Path, *, fsync: bool, lock: int) -> None:
    """Make a new cluster beside `data` and rename it into place: a crash leaves no half of it.

    initdb inherits the lock: when its starter is killed, the next one waits until initdb is gone.
    """
    if shutil.disk_usage(data.parent).free < INITIAL_BYTES:
        raise disk_full(data.parent)
    staging = Path(tempfile.mkdtemp(prefix=STAGING_PREFIX, dir=data.parent))
    try:
        secret = staging / "password"
        secret.touch(mode=0o600)
        secret.write_text(password + "\n")
        account.own(staging)
        command = [
            *account.prefix,
            str(binaries / "initdb"),
            "--pgdata",
            str(staging / "data"),
            "--pwfile",
            str(secret),
        ]
        command += ["--username", SUPERUSER, "--auth-host=scram-sha-256", "--auth-local=scram-sha-256"]
        command += ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["--data-checksums", "--no-instructions", *([] if fsync else ["--no-sync"])]
        done = subprocess.run(
            command, env=ENVIRONMENT, cwd=staging, pass_fds=(lock,), start_new_session=True, capture_output=True,
            stdin=subprocess.DEVNULL, text=True, errors="replace", check=False,
        )  # fmt: skip
        if done.returncode:
            raise failure(done.stderr, data)
        with (staging / "data" / "postgresql.conf").open("a") as file:
            file.write("\ninclude 'cauce.conf'\n")
        secret.unlink()
        (staging / "data").rename(data)
        sync_folder(data.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def write_configuration(data: Path, port: int, account: Account, *, fsync: bool) -> None:
    """Write the settings Cauce starts the server with; `ALTER SYSTEM` changes any of them but address and port."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MIB
    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
        "max_connections": 100,
        "shared_buffers": f"{min(max(memory // 8, 128), 1024) if fsync else 128}MB",
        "effective_cache_size": f"{max(memory // 2, 256)}MB",
        "maintenance_work_mem": "256MB",
        "work_mem": "16MB",
        "dynamic_shared_memory_type": _shared_memory(),
        "jit": "off",
        "random_page_cost": 1.1,
        "max_wal_size": "2GB",
        "wal_compression": "on",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "on",
        "log_directory": "../log",
        "log_filename": "postgres-%a.log",
        "log_rotation_age": "1d",
        "log_rotation_size": 0,
        "log_truncate_on_rotation": "on",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        # People's money and health are in statements and in the details of errors: neither belongs into a log.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_checkpoints": "off",
    }
    if not fsync:
        # Commits stay synchronous: what was committed survives kill -9, only not a crash of the machine.
        settings |= {"fsync": "off", "full_page_writes": "off"}
    lines = [f"{key} = '{value}'" for key, value in settings.items()]
    text = "\n".join(["# Written by Cauce at every start. To change a setting: ALTER SYSTEM SET …", *lines, ""])
    path = data / "cauce.conf"
    if not path.exists() or path.read_text() != text:
        fresh = path.with_suffix(".new")
        fresh.write_text(text)
        fresh.rename(path)
        account.own(path)


def remembered_port(data: Path) -> int | None:
    """The port of the last start; None before the first."""
    with suppress(FileNotFoundError, NotADirectoryError):
        if found := re.search(r"^port = '(\d+)'$", (data / "cauce.conf").read_text(), re.MULTILINE):
            return int(found[1])
    return None


def free_port(preferred: int | None) -> int:
    """The preferred loopback port if nobody listens on it, else another one."""
    choices = [preferred] if preferred else []
    choices += [PORTS[secrets.randbelow(len(PORTS))] for _ in range(200)]
    for port in choices:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    raise FatalError(
                        "this machine has no 127.0.0.1", action="bring its loopback interface up"
                    ) from error
                continue
            return port
    raise RetriableError("no free port", where=f"127.0.0.1:{PORTS.start}–{PORTS.stop}", action="end other programs")


def _shared_memory() -> str:
    """Parallel queries share memory through /dev/shm, which containers often make too small: files do it then."""
    try:
        return "posix" if shutil.disk_usage("/dev/shm").total >= 256 * MIB else "mmap"  # noqa: S108 -- only its size
    except OSError:
        return "mmap"
