"""Remove the second factors of customers whose day of waiting is over."""

from typing import ClassVar

from application import ports
from application.identity.recovery_ports import FactorResets
from application.ports import Clock

PAGE_SIZE = 100
PAGES = 20


class CarryOutFactorResets(ports.BackgroundTask, frozen=True):
    """Remove what is due; the next period goes on with what is left."""

    topic: ClassVar[str] = "carry_out_factor_resets"


async def carry_out_factor_resets(resets: FactorResets, now: Clock) -> None:
    """Remove two thousand at most; raises Unavailable."""
    for _ in range(PAGES):
        if await resets.carry_out(at=now(), limit=PAGE_SIZE) < PAGE_SIZE:
            break
