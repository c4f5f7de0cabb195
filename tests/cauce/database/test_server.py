"""The embedded PostgreSQL, as its callers see it: real servers in folders of their own."""

import os
import re
import shutil
import socket
import stat
from pathlib import Path

import psycopg
import pytest

from cauce.database.server import EmbeddedServer, ServerAddress, server_binaries
from cauce.database.server_failure import failure
from cauce.errors import CauceError, FatalError


def connect(address: ServerAddress, password: str | None = None) -> psycopg.Connection:
    secret = password or address.password
    return psycopg.connect(
        host=address.host, port=address.port, user=address.superuser, password=secret, dbname="postgres"
    )


def ask(address: ServerAddress, query: str) -> str:
    with connect(address) as conn:
        row = conn.execute(query.encode()).fetchone()
        assert row is not None
        return str(row[0])


def change(address: ServerAddress, statement: str) -> None:
    with connect(address) as conn:
        conn.execute(statement.encode())


def test_a_first_start_makes_a_sound_and_closed_cluster(empty_server: EmbeddedServer) -> None:
    said: list[str] = []
    address = empty_server.ensure_running(on_progress=said.append)

    assert ask(address, "SHOW data_checksums") == "on"
    assert ask(address, "SHOW server_encoding") == "UTF8"
    assert (
        ask(address, "SELECT coalesce(datlocale, datcollate) FROM pg_database WHERE datname = 'postgres'") == "C.UTF-8"
    )
    assert ask(address, "SELECT lower('CAÑÓN')") == "cañón"
    assert ask(address, "SHOW listen_addresses") == "127.0.0.1"
    assert ask(address, "SHOW unix_socket_directories") == ""
    assert ask(address, "SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'").startswith("SCRAM-SHA-256$")
    assert ask(address, "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules") == "scram-sha-256"
    assert [ask(address, f"SHOW {name}") for name in ("jit", "timezone", "max_connections")] == ["off", "UTC", "100"]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(address, "another")
    assert said == ["creating the database cluster", "starting PostgreSQL"]

    modes = {name: stat.S_IMODE((empty_server.home / name).stat().st_mode) for name in ("postgres", "secrets", "log")}
    assert modes == {"postgres": 0o700, "secrets": 0o700, "log": 0o700}
    secret = empty_server.home / "secrets" / "postgres"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert secret.read_text().strip() == address.password
    assert address.password not in repr(address)


def test_the_data_is_durable_unless_a_test_asks_otherwise(server: EmbeddedServer) -> None:
    names = ("fsync", "full_page_writes", "synchronous_commit")
    loose = server.ensure_running()
    assert [ask(loose, f"SHOW {name}") for name in names] == ["off", "off", "on"]
    server.stop()
    durable = EmbeddedServer(server.home).ensure_running()
    assert [ask(durable, f"SHOW {name}") for name in names] == ["on", "on", "on"]


def test_a_second_start_shares_the_server(server: EmbeddedServer) -> None:
    first = server.ensure_running()
    pid = server.status().pid
    said: list[str] = []
    assert EmbeddedServer(server.home, fsync=False).ensure_running(on_progress=said.append) == first
    assert server.status().pid == pid
    assert said == []


def test_status_tells_what_runs_and_stop_ends_it(empty_server: EmbeddedServer) -> None:
    before = empty_server.status()
    assert (before.running, before.pid, before.port, before.started_at) == (False, None, None, None)
    assert empty_server.stop() is False
    assert not empty_server.home.exists()

    address = empty_server.ensure_running()
    now = empty_server.status()
    assert now.running
    assert now.port == address.port
    assert now.data_directory == empty_server.home / "postgres"
    assert ask(address, "SHOW server_version").startswith(now.version)
    assert now.started_at is not None
    assert ask(address, f"SELECT pg_postmaster_start_time() - '{now.started_at}'::timestamptz < '2 s'") == "True"

    assert empty_server.stop() is True
    after = empty_server.status()
    assert (after.running, after.pid, after.port) == (False, None, address.port)
    assert empty_server.stop() is False


@pytest.mark.parametrize("mode", ["smart", "fast", "immediate"])
def test_stop_and_start_keep_data_port_and_password(server: EmbeddedServer, mode: str) -> None:
    address = server.ensure_running()
    change(address, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert server.stop(mode=mode)  # type: ignore[arg-type]
    assert server.ensure_running() == address
    assert ask(address, "SELECT answer FROM kept") == "42"


def test_fast_stop_does_not_wait_for_a_busy_client(server: EmbeddedServer) -> None:
    address = server.ensure_running()
    client = connect(address)
    client.execute("CREATE TABLE unfinished (n int)")
    assert server.stop()
    with pytest.raises(psycopg.errors.AdminShutdown):
        client.commit()
    client.close()
    assert ask(server.ensure_running(), "SELECT to_regclass('unfinished') IS NULL") == "True"


def test_a_taken_port_is_exchanged_for_another(server: EmbeddedServer) -> None:
    address = server.ensure_running()
    server.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", address.port))
        other.listen()
        moved = server.ensure_running()
        assert moved.port != address.port
        assert server.status().port == moved.port
        server.stop()
    assert server.ensure_running().port == moved.port


@pytest.mark.parametrize(
    "name", ["with spaces", "año Ñandú 日本", "quote ' and $HOME `x`", "long-" + "x" * 180], ids=lambda name: name[:12]
)
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    server = EmbeddedServer(tmp_path / name / "home", fsync=False)
    try:
        address = server.ensure_running()
        assert ask(address, "SHOW data_directory") == str(server.data)
        assert server.stop()
        assert server.ensure_running() == address
    finally:
        server.stop(mode="immediate")


def test_it_runs_where_there_are_no_user_namespaces(tmp_path: Path) -> None:
    home = tmp_path / "home"
    alone = EmbeddedServer(home, fsync=False, user_namespace=False)
    try:
        address = alone.ensure_running()
        change(address, "CREATE TABLE kept AS SELECT 1 AS n")
        alone.stop()
        owner = (home / "postgres").stat().st_uid
        assert owner != 0
        # Where namespaces appear later, the data stays with its owner.
        assert ask(EmbeddedServer(home, fsync=False).ensure_running(), "SELECT n FROM kept") == "1"
        assert (home / "postgres").stat().st_uid == owner
    finally:
        alone.stop(mode="immediate")


def test_data_made_in_a_user_namespace_can_be_taken_out_of_it(server: EmbeddedServer) -> None:
    change(server.ensure_running(), "CREATE TABLE kept AS SELECT 1 AS n")
    server.stop()
    if os.geteuid() == 0:  # as if restored from a backup by the account that then runs it
        for path in (server.data, *server.data.rglob("*")):
            os.chown(path, 65534, 65534)
    assert ask(server.ensure_running(), "SELECT n FROM kept") == "1"


def test_data_of_another_major_version_is_refused_with_a_way_out(server: EmbeddedServer) -> None:
    (server.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(FatalError) as caught:
        server.ensure_running()
    assert re.match(r"the data directory was made by PostgreSQL 17, this is PostgreSQL 18\.\d+ — ", str(caught.value))
    assert "DATABASE_URL" in str(caught.value)
    assert "move it away" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_of_something_else_is_left_alone(empty_server: EmbeddedServer) -> None:
    empty_server.data.mkdir(parents=True)
    (empty_server.data / "notes.txt").write_text("mine")
    with pytest.raises(FatalError, match=r"no PostgreSQL data directory — .*move it away"):
        empty_server.ensure_running()
    assert (empty_server.data / "notes.txt").read_text() == "mine"


def test_an_empty_data_directory_is_filled(empty_server: EmbeddedServer) -> None:
    empty_server.data.mkdir(parents=True)
    assert ask(empty_server.ensure_running(), "SELECT 1") == "1"


def test_a_lost_password_is_said(server: EmbeddedServer) -> None:
    server.ensure_running()
    (server.home / "secrets" / "postgres").unlink()
    with pytest.raises(FatalError, match=r"password is lost — .* — put the file back"):
        server.ensure_running()
    server.stop()
    with pytest.raises(FatalError, match=r"password is lost — .* — put the file back"):
        server.ensure_running()


def test_a_setting_that_postgresql_refuses_is_said(server: EmbeddedServer) -> None:
    with (server.data / "postgresql.auto.conf").open("a") as file:
        file.write("shared_buffers = 'a lot'\n")
    with pytest.raises(FatalError, match=r"PostgreSQL did not start: .*configuration file .* contains errors"):
        server.ensure_running()


@pytest.mark.parametrize("home", ["/sys/cauce", "/dev/null/cauce", "/proc/cauce"])
def test_an_unusable_home_is_said_in_one_line(home: str) -> None:
    with pytest.raises(FatalError) as caught:
        EmbeddedServer(Path(home), fsync=False).ensure_running()
    assert "CAUCE_HOME" in str(caught.value)
    assert home in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    said = '2026-01-01 00:00:00 UTC [9] FATAL:  could not write to file "pg_wal/xlogtemp.9": No space left on device\n'
    error = failure(said, tmp_path / "postgres")
    assert str(error) == f"the disk is full — {tmp_path} — free some space, then run the same command again"
    assert isinstance(error, CauceError)


def test_the_log_keeps_no_one_s_values(server: EmbeddedServer) -> None:
    address = server.ensure_running()
    change(address, "CREATE TABLE people (email text PRIMARY KEY)")
    change(address, "INSERT INTO people VALUES ('ana@example.com')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        change(address, "INSERT INTO people VALUES ('ana@example.com')")
    with pytest.raises(psycopg.errors.DuplicateObject):
        change(address, "CREATE ROLE postgres PASSWORD 'hunter2hunter2'")
    server.stop()
    log = "".join(path.read_text() for path in (server.home / "log").iterdir())
    assert "duplicate key" in log
    assert "ana@example.com" not in log
    assert "hunter2" not in log


def test_the_programs_for_backup_and_queries_are_there() -> None:
    folder = server_binaries()
    assert all(shutil.which(name, path=str(folder)) for name in ("postgres", "psql", "pg_dump", "pg_basebackup"))
