"""The how-to that detaches partitions works as it is written, on a log that is old enough."""

from pathlib import Path

import psycopg

from domain.kernel import ids
from infrastructure.archive.detaching import SILENT_YEARS
from tests.architecture import tree
from tests.integration.docs import reader
from tests.integration.docs.running_demo import ROOT
from tests.integration.ledger.test_exports import require
from tests.integration.projections.airline import running_airline
from tests.support import detached_log, log_partitions
from tests.support.servers import TestDatabase

PAGE = ROOT / "docs" / "how-to" / "detach-old-partitions.md"
WIDTH = 50


async def test_the_how_to_detaches_a_partition_and_compares_what_is_left(
    database: TestDatabase, tmp_path: Path
) -> None:
    for tool in ("pyarrow", "duckdb"):
        require(tool)
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        log_partitions.shrink(owner, WIDTH)
    archive, folder = tmp_path / "archive", tmp_path / "repository"
    folder.mkdir()
    async with running_airline(database) as airline:
        old = await airline.sell()
        while airline.query("SELECT max(position) FROM ledger.event") <= [(WIDTH + 10,)]:
            await airline.sell()
        detached_log.age(database.owner_dsn, SILENT_YEARS + 1)
        await airline.catch_up()
        projector = airline.projector_dsn
    detached_log.archive(database.owner_dsn, archive, positions=WIDTH // 2, passed=WIDTH)
    for name in (".venv", "docs", *tree.LAYERS):
        (folder / name).symlink_to(ROOT / name)
    environment = {
        "AIS_ADMIN_DATABASE_URL": database.owner_dsn,
        "AIS_PROJECTOR_DATABASE_URL": projector,
        "ARCHIVE": str(archive),
        "BEFORE": str(WIDTH + 1),
        "DEMO_DATABASE": database.owner_dsn,
        "REFERENCE": ids.reference_of(old),
    }
    parts = reader.follow(PAGE, folder=folder, environment=environment)
    assert sum(bool(part.expected) for part in parts) >= 5
