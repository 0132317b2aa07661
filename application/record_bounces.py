"""Record the letters that came back, as the mail system of the operator reports them."""

from collections.abc import Sequence
from typing import ClassVar, Protocol

from application import ports
from application.mail import Bounce, Bounces


class RecordBounces(ports.BackgroundTask, frozen=True):
    """Read the reports that have come."""

    topic: ClassVar[str] = "record_bounces"


class BounceReports(Protocol):
    """The reports that wait. All methods raise Unavailable."""

    async def read(self) -> tuple[Sequence[Bounce], Sequence[str]]:
        """Return bounces, and the keys of all reports that were read."""
        ...

    async def remove(self, keys: Sequence[str]) -> None:
        """Remove reports."""
        ...


async def record_bounces(reports: BounceReports, bounces: Bounces) -> None:
    """Record what the reports say, then remove them; raises Unavailable."""
    found, keys = await reports.read()
    await bounces.record(found)
    await reports.remove(keys)
