"""Erase the passengers of bookings, and whom gift cards name, once the legal period is over."""

from application.privacy.enforce_retention import RetainPerson, retain_person
from domain.kernel import ids
from domain.kernel.ids import StreamPrefix
from domain.privacy import retention
from infrastructure.privacy import periods
from interfaces import privacy_composition
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler
from interfaces.worker.timers.timer import Page, Timer
from projections.booking_list import of_persons
from projections.credits import queries as credits

PERIOD_SECONDS = 86_400.0


async def due(core: Core, page: Page) -> list[RetainPerson]:
    """Return the next page: bookings in the order of their ids, then gift cards likewise."""
    today = page.now.date()
    last = page.after.person if isinstance(page.after, RetainPerson) else ""
    found: list[str] = []
    chosen = {each.store: each.days for each in await periods.chosen(core.pool)}
    period = retention.period_of("passengers", on=today, chosen=chosen)
    if ids.prefix_of(last) != StreamPrefix.CREDIT:
        assert period is not None
        found = await of_persons.unchanged_since(
            core.pool, page.now - period, after=last, limit=page.limit
        )
        last = ""
    period = retention.period_of("gift_cards", on=today, chosen=chosen)
    assert period is not None
    if len(found) < page.limit:
        found += await credits.cards_over_since(
            core.pool, page.now - period, after=last, limit=page.limit - len(found)
        )
    return [RetainPerson(each) for each in found]


async def retain(core: Core, task: RetainPerson) -> None:
    """Record the intention; the erasures' own timer carries it out."""
    await retain_person(privacy_composition.privacy_on(core, core.bus), task.person)


TIMER = Timer(
    name="retain_passengers",
    due=due,
    handler=TaskHandler(RetainPerson, retain),
    period_seconds=PERIOD_SECONDS,
)
