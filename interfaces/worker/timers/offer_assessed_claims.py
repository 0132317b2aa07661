"""Offer passengers the compensation that was assessed, once its cause cannot be withdrawn."""

from typing import ClassVar

from application import ports
from application.commands import follow_up
from application.compensation.assess_claim import assessment_of
from domain.inventory.departure_correction import FINAL_AFTER
from infrastructure.airports.world import load_airports
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler, cause_of
from interfaces.worker.timers.timer import Page, Timer
from projections.open_claims import queries

PERIOD_SECONDS = 600.0
STEP = "offer_assessed_claims"


class OfferAssessedClaim(ports.BackgroundTask, frozen=True):
    """Assess the claim again, and offer it once it is final; `day` distinguishes the tries."""

    topic: ClassVar[str] = "offer_claim"

    claim_id: str
    booking_id: str
    flight_id: str
    day: str


async def due(core: Core, page: Page) -> list[OfferAssessedClaim]:
    """Return the next page of assessed claims, in the order of their ids."""
    after = page.after.claim_id if isinstance(page.after, OfferAssessedClaim) else ""
    found = await queries.assessed_before(
        core.pool, page.now - FINAL_AFTER, after=after, limit=page.limit
    )
    day = page.now.date().isoformat()
    return [OfferAssessedClaim(claim, booking, flight, day) for claim, booking, flight in found]


async def offer(core: Core, task: OfferAssessedClaim) -> None:
    """Bring the claim up to date; what cannot be withdrawn any more is offered with it."""
    command = await assessment_of(
        core.bus, load_airports(), core.clock, task.booking_id, task.flight_id
    )
    if command is not None and command.final:
        cause = cause_of(task.claim_id, task.day, actor=follow_up.ACTOR)
        await core.bus.submit(follow_up.envelope(cause, STEP, command))


TIMER = Timer(
    name="offer_assessed_claims",
    due=due,
    handler=TaskHandler(OfferAssessedClaim, offer),
    period_seconds=PERIOD_SECONDS,
)
