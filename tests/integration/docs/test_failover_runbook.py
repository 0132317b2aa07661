"""The drill of `ops/runbooks/failover.md`: its commands are run on two real servers."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infrastructure.embedded import binaries
from infrastructure.postgres import roles, standby
from interfaces.doctor.database_checks import standby_finding
from tests.support import servers
from tests.support.standby_server import Pair, quick_pair

RUNBOOK = Path(__file__).resolve().parents[3] / "ops" / "runbooks" / "failover.md"


def _commands(title: str) -> list[str]:
    """The commands of PostgreSQL in a section."""
    [section] = re.findall(rf"^## {title}$(.*?)(?=^## |\Z)", RUNBOOK.read_text(), re.M | re.S)
    blocks = re.findall(r"```sh\n(.*?)```", section, re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith(("psql", "pg_"))]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A primary whose commits wait for its standby."""
    with quick_pair() as running:
        yield running


@pytest.fixture
def shell(pair: Pair) -> Iterator[dict[str, str]]:
    """The environment that the runbook speaks of."""
    programs = binaries.postgres_folder(None)
    with servers.private_folder() as folder:
        yield {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PRIMARY": pair.primary.dsn(),
            "STANDBY": pair.standby.dsn(),
            "FOLDER": str(folder / "new"),
        }


def _run(command: str, shell: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-c", command], env=shell, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


def _level(dsn: str) -> str:
    return standby_finding(standby.read_standby(dsn), servers=1).level


def test_the_runbook_leads_from_a_lost_primary_to_a_new_standby(
    pair: Pair, shell: dict[str, str]
) -> None:
    for command in _commands("Confirm"):
        assert _run(command, shell)
    pair.primary.kill()
    promote, copy, require = _commands("Act when the primary is lost")
    assert _run(promote, shell).strip() == "t"
    _run(copy, shell)
    assert (Path(shell["FOLDER"]) / "standby.signal").exists()
    application = pair.standby.dsn(user=roles.APPLICATION_LOGIN)
    assert _level(application) == "ok"
    # The copy is not started here, and commits wait for it.
    _run(require, shell)
    assert _level(application) == "failed"


def test_the_runbook_leads_from_a_lost_standby_to_a_primary_that_sells_alone(
    pair: Pair, shell: dict[str, str]
) -> None:
    application = pair.primary.dsn(user=roles.APPLICATION_LOGIN)
    assert _level(application) == "ok"
    pair.standby.stop()
    assert _level(application) == "failed"
    for command in _commands("Act when the standby is lost"):
        _run(command, shell)
    with psycopg.connect(pair.primary.dsn(), autocommit=True) as connection:
        connection.execute("CREATE TABLE sold ()")
        slots = connection.execute("SELECT count(*) FROM pg_replication_slots").fetchone()
    assert slots == (0,)
    assert _level(application) == "ok"
