"""The private Valkey keeps what it acknowledged and comes back after every kind of kill."""

import os
import signal
from pathlib import Path

import pytest
import redis

from infrastructure.embedded import binaries, child, leftover
from infrastructure.embedded.account import Account
from infrastructure.embedded.valkey_server import EmbeddedValkey
from tests.integration.embedded import rig


def _client(server: EmbeddedValkey) -> redis.Redis:
    return redis.Redis.from_url(server.url, decode_responses=True)


def test_the_server_keeps_its_data_over_a_stop_and_a_kill(folder: Path) -> None:
    with EmbeddedValkey(folder / "vk") as first, _client(first) as client:
        client.set("stopped", "kept")
    second = EmbeddedValkey(folder / "vk")
    second.start()
    with _client(second) as client:
        client.set("killed", "kept")
    os.kill(second.pid, signal.SIGKILL)
    second.stop()
    with EmbeddedValkey(folder / "vk") as third, _client(third) as client:
        assert client.mget("stopped", "killed") == ["kept", "kept"]


def test_the_server_listens_on_its_socket_only(folder: Path) -> None:
    with EmbeddedValkey(folder / "vk") as server, _client(server) as client:
        assert client.config_get("port") == {"port": "0"}
        socket = Path(client.config_get("unixsocket")["unixsocket"])
        assert socket.stat().st_mode & 0o077 == 0


def test_an_append_only_file_that_was_cut_short_still_loads(folder: Path) -> None:
    with EmbeddedValkey(folder / "vk") as first, _client(first) as client:
        client.set("whole", "kept")
        client.set("torn", "x" * 100)
    (log,) = (folder / "vk" / "appendonlydir").glob("*.incr.aof")
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size - 20)
    with EmbeddedValkey(folder / "vk") as second, _client(second) as client:
        assert client.mget("whole", "torn") == ["kept", None]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux signals the child")
def test_the_server_ends_when_its_parent_is_killed_with_sigkill(folder: Path) -> None:
    with rig.holder("EmbeddedValkey", folder / "vk") as (parent, server_pid):
        assert rig.is_alive(server_pid)
        parent.kill()
        rig.eventually(lambda: not rig.is_alive(server_pid), "the server outlives its parent")


def test_an_orphaned_server_is_ended(folder: Path) -> None:
    directory = folder / "vk"
    directory.mkdir()
    orphan = child.start(
        [
            *(str(binaries.valkey_program()), "--port", "0", "--dir", str(directory)),
            *("--unixsocket", str(directory / "valkey.sock")),
        ],
        account=Account(),
        log=folder / "log",
        death_signal=signal.SIGKILL,
    )
    try:
        rig.eventually((directory / "valkey.sock").exists, "the orphan does not start")
        assert leftover.processes(directory, program="valkey-server") == {orphan.pid}
        with EmbeddedValkey(directory) as server, _client(server) as client:
            assert not rig.is_alive(orphan.pid)
            assert client.ping()
    finally:
        orphan.kill()
        orphan.wait()


def test_two_processes_never_share_a_directory(folder: Path) -> None:
    with rig.holder("EmbeddedValkey", folder / "vk") as (_parent, server_pid):
        with pytest.raises(child.AlreadyRunning):
            EmbeddedValkey(folder / "vk").start()
        assert rig.is_alive(server_pid)


@pytest.mark.parametrize("name", ["with space and %20", "l" * 120])
def test_any_path_works_and_leaves_nothing_beside_it(folder: Path, name: str) -> None:
    with EmbeddedValkey(folder / name) as server, _client(server) as client:
        socket = Path(client.config_get("unixsocket")["unixsocket"])
        assert folder not in socket.parents
    assert not socket.parent.exists()
