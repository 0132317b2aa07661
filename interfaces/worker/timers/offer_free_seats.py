"""Offer free seats to the waitlists of flights, for whatever reason the seats are free."""

from typing import ClassVar

from application import ports
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler
from interfaces.worker.timers.timer import Page, Timer
from projections.flight_availability import queries


class OfferFreeSeats(ports.BackgroundTask, frozen=True):
    """Offer the free seats of the flight to its waitlist."""

    topic: ClassVar[str] = "offer_again"

    flight_id: str


async def due(core: Core, page: Page) -> list[OfferFreeSeats]:
    """Return the next page of flights with a free seat and a waitlist, in the order of their ids.

    One seat may stay free for long where two passengers wait together.
    """
    after = page.after.flight_id if isinstance(page.after, OfferFreeSeats) else ""
    found = await queries.with_waitlist(core.pool, limit=page.limit, after=after)
    return [OfferFreeSeats(flight_id) for flight_id in found]


async def offer(core: Core, task: OfferFreeSeats) -> None:
    """Offer the free seats of the flight."""
    await core.processes.offer_again(task.flight_id)


TIMER = Timer(name="offer_free_seats", due=due, handler=TaskHandler(OfferFreeSeats, offer))
