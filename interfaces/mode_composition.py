"""Builds what knows the modes of operation, for every role that carries out commands."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from application.modes.current_modes import CurrentModes
from application.modes.ports import ModePorts
from infrastructure.postgres.full_disk import FullDisk
from infrastructure.postgres.modes import FollowedModes, PostgresModes
from infrastructure.postgres.pool import Pool
from interfaces.settings import Settings


@asynccontextmanager
async def open_modes(settings: Settings, pool: Pool) -> AsyncIterator[tuple[ModePorts, FullDisk]]:
    """Read the modes, then follow them; yield them, and what is told of a full disk."""
    modes = ModePorts(PostgresModes(pool), CurrentModes(), lambda: dt.datetime.now(dt.UTC))
    disk = FullDisk(pool, modes.current, modes.clock)
    followed = FollowedModes(settings.database_url, modes.current)
    await followed.start()
    try:
        yield modes, disk
    finally:
        await followed.close()
        await disk.close()
