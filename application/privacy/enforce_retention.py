"""Remove what is older than its period: bodies of webhooks, sent messages, files of letters, and
follow-ups of flights.

The passengers of old bookings and old gift cards are erased as persons are who ask for it.
"""

from collections.abc import Awaitable, Callable
from typing import ClassVar

from application import ports as kernel_ports
from application.privacy.ports import PrivacyPorts
from domain.privacy import retention

PAGE_SIZE = 500
PAGES = 100


class EnforceRetention(kernel_ports.BackgroundTask, frozen=True):
    """Remove what is due; the next period goes on with what is left."""

    topic: ClassVar[str] = "enforce_retention"


class RetainPerson(kernel_ports.BackgroundTask, frozen=True):
    """The period of this booking or gift card is over: erase whom it names."""

    topic: ClassVar[str] = "retain_person"

    person: str


async def enforce_retention(ports: PrivacyPorts) -> None:
    """Remove some ten thousand of each at most. Raises Unavailable."""
    now = ports.clock()
    await _page_by_page(ports.retention.remove_bodies)
    await _page_by_page(ports.retention.remove_messages)
    await _page_by_page(ports.retention.remove_bounces)
    await _page_by_page(ports.retention.remove_flight_tasks)
    await _page_by_page(ports.retention.remove_texts)
    chosen = await ports.retention.chosen_days()
    period = retention.period_of("mail_files", on=now.date(), chosen=chosen)
    assert period is not None
    await ports.mailbox.remove_letters_before(now - period)
    if ports.texts is not None:
        await ports.texts.remove_before(now - period)


async def retain_person(ports: PrivacyPorts, person: str) -> None:
    """Record the intention to erase the person, once. Raises Unavailable."""
    await ports.erasures.request(person, reason="retention", by="system")


async def _page_by_page(remove: Callable[..., Awaitable[int]]) -> None:
    for _ in range(PAGES):
        if await remove(limit=PAGE_SIZE) < PAGE_SIZE:
            break
