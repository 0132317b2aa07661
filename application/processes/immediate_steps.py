"""What follows from events in their own append, so that nobody waits for the run over the log.

The runner stays as the safety net: after a crash, an upgrade, or where this process had no serials
left it makes the same commands with the same ids, and otherwise finds nothing to do.
"""

from collections.abc import Callable, Sequence
from typing import Any

from application import ports
from application.booking.offer_seats import OfferSeats
from application.commands.follow_up import FollowUp
from application.processes import offer_seats_when_released
from application.processes.process import BookingStep, Process, TicketNumbers
from application.processes.registry import PROCESSES
from domain.inventory.events import SeatsOffered
from domain.kernel.events import DomainEvent

STEPS = tuple((process, process.step) for process in PROCESSES if process.step is not None)
# After an offer the next in line may fit, too.
_MAY_FREE_SEATS: tuple[type[DomainEvent], ...] = (
    *offer_seats_when_released.PROCESS.starts_on,
    SeatsOffered,
)


class ImmediateSteps:
    """`FollowUps` by the processes whose command needs nothing from outside this process.

    `steps` are those that are decided at once; all by default.
    """

    def __init__(
        self,
        stock: ports.TicketStock,
        *,
        airline_code: str,
        steps: Sequence[tuple[Process, BookingStep]] = STEPS,
    ) -> None:
        self._stock = stock
        self._airline_code = airline_code
        self._started_by = {
            event_type: tuple(each for each in steps if event_type in each[1].starts_on)
            for event_type in {each for _, step in steps for each in step.starts_on}
        }

    def after(
        self, events: Sequence[ports.NewEvent], state_of: Callable[[str], Any]
    ) -> list[FollowUp]:
        """Return the steps of bookings, then the offers of seats: steps may release or take them.

        Seats are offered once for a flight, by its last event, whichever that is: the process that
        reads the log takes that one, too.
        """
        found: list[FollowUp] = []
        offers: set[str] = set()
        last: dict[str, ports.NewEvent] = {}
        for new in events:
            last[new.stream] = new
            for process, step in self._started_by.get(type(new.event), ()):
                following = self._step(process, step, new, state_of)
                if following is not None:
                    found.append(following)
            if isinstance(new.event, _MAY_FREE_SEATS):
                flight = state_of(new.stream)
                if flight is not None and flight.waitlist:
                    offers.add(new.stream)
        return [*found, *(_offer(new) for stream, new in last.items() if stream in offers)]

    def _step(
        self,
        process: Process,
        step: BookingStep,
        new: ports.NewEvent,
        state_of: Callable[[str], Any],
    ) -> FollowUp | None:
        booking = state_of(new.stream)
        if booking is None or not process.is_started_by(new.event):
            return None
        serials: tuple[int, ...] | None = ()
        if count := step.serials(booking):
            serials = self._stock.take(count, key=f"{new.stream}:{new.version}")
        if serials is None:
            return None
        numbers = TicketNumbers(self._airline_code, serials)
        command = step.command(new.stream, new.event, booking, numbers)
        return FollowUp(new.stream, new.version, process.name, command)


def _offer(new: ports.NewEvent) -> FollowUp:
    name = offer_seats_when_released.NAME
    return FollowUp(new.stream, new.version, name, OfferSeats(flight_id=new.stream))
