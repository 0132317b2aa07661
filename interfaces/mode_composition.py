"""Builds what knows the modes of operation, for every role that carries out commands, and what
stops calls to Stripe.
"""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from application.modes.current_modes import CurrentModes
from application.modes.ports import ModePorts
from domain.modes.modes import ModeOn
from infrastructure.postgres.full_disk import FullDisk
from infrastructure.postgres.modes import FollowedModes, PostgresModes
from infrastructure.postgres.pool import Pool
from infrastructure.stripe.breaker import Breaker
from interfaces.settings import Settings


@asynccontextmanager
async def open_modes(settings: Settings, pool: Pool) -> AsyncIterator[tuple[ModePorts, FullDisk]]:
    """Read the modes, then follow them; yield them, and what is told of a full disk."""
    modes = ModePorts(
        PostgresModes(pool), CurrentModes(settings.carrier), lambda: dt.datetime.now(dt.UTC)
    )
    disk = FullDisk(pool, modes.current, modes.clock)
    followed = FollowedModes(settings.database_url, modes.current)
    await followed.start()
    try:
        yield modes, disk
    finally:
        await followed.close()
        await disk.close()


def breaker_of(settings: Settings, modes: ModePorts) -> Breaker:
    """Return what stops calls to Stripe while it is away, or an operator has paused payments.

    While Stripe does not answer, the mode is on in this process.
    """

    def changed(stopped: bool) -> None:
        if not stopped:
            modes.current.end("payments_paused")
            return
        found = ModeOn("payments_paused", modes.clock(), "system", "Stripe does not answer", None)
        modes.current.begin(found)

    return Breaker(
        pause_seconds=settings.stripe_breaker_pause_seconds,
        is_paused=lambda: modes.current.is_switched_on("payments_paused"),
        changed=changed,
        carrier=settings.carrier,
    )
