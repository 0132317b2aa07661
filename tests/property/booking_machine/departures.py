"""The day of travel and what the airline does to it: check-in, boarding, departure, disruption."""

import datetime as dt
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from application.booking.answer_disruption import AcceptDisruption, RefundDisruption
from application.booking.check_in import Board, CheckIn, UndoCheckIn
from application.booking.choose_seats import ReviewSeats
from application.booking.close_flight import CloseFlight
from application.booking.depart_unreported import DepartUnreported
from application.booking.offer_disruption import OfferDisruption
from application.booking.opened_needs import readable_services
from application.booking.reopen_flight import ReopenFlight
from application.booking.settle_unanswered import RefundUnanswered, RemindUnanswered
from application.booking.special_services import (
    Place,
    RequestSpecialService,
    WithdrawSpecialService,
)
from application.commands.command import Outcome
from application.inventory.cancel_flight import CancelFlight
from application.inventory.change_equipment import ChangeEquipment
from application.inventory.depart_flight import DepartFlight
from application.inventory.reinstate_flight import ReinstateFlight
from application.inventory.reschedule_flight import RescheduleFlight
from application.inventory.withdraw_departure import WithdrawDeparture
from application.pricing.journeys import WantedSegment
from domain.booking.states import Status
from domain.booking.values import NewTimes
from domain.inventory.events import (
    DepartureWithdrawn,
    FlightCancelled,
    FlightReinstated,
    FlightRescheduled,
)
from domain.inventory.state import FlightStatus
from tests.property.booking_machine.machine import PROCESSES, WHICH, WILD, layouts
from tests.property.booking_machine.modifications import SOME, Changes
from tests.support.sealed_codes import OPENED, sealed_code

S = Status
TICKETED = (S.CONFIRMED, S.CHECKED_IN, S.BOARDED)
# Minutes before a departure at which something begins or ends.
MOMENTS = st.sampled_from((60 * 170, 60 * 60, 60 * 47, 60 * 20, 120, 61, 60, 45, 16, 15, 0, -30))


class Travel(Changes):
    """Passengers who travel, and an airline whose plans change."""

    def _next_flight(self) -> str:
        """The first that has not left."""
        coming = [
            name for name in self.flights if self.flight(name).status is FlightStatus.SCHEDULED
        ]
        found: str = min(coming or self.flights, key=lambda name: self.flight(name).departs_at)
        return found

    def on_board(self, flight: str) -> list[str]:
        """Bookings that name the flight."""
        return [
            each
            for each in self.bookings
            if any(segment.flight == flight for segment in self.booking(each).segments)
        ]

    @rule(before=MOMENTS)
    def wait_for_a_flight(self, before: int) -> None:
        """Time passes up to some moment before the next departure, if that is still to come."""
        moment = self.flight(self._next_flight()).departs_at - dt.timedelta(minutes=before)
        if moment > self.clock.now:
            self.clock.now = moment

    @rule(process=PROCESSES, which=WHICH, segment=st.integers(0, 1), passengers=SOME)
    def check_in(
        self, process: int, which: int, segment: int, passengers: tuple[int, ...] | None
    ) -> None:
        """Some or all passengers check in."""
        stream = self.pick(which, S.CONFIRMED, S.CHECKED_IN)
        if stream is not None:
            self.submit(process, CheckIn(stream, segment, passengers))

    @rule(
        process=PROCESSES,
        which=WHICH,
        place=st.tuples(st.integers(0, 1), st.integers(0, 1)),
        code=st.sampled_from(("WCHR", "VGML", "BLND", "CHML", "XXXX")),
        withdraw=st.booleans(),
        by_staff=st.booleans(),
    )
    def change_a_service(
        self,
        process: int,
        which: int,
        place: tuple[int, int],
        code: str,
        withdraw: bool,
        by_staff: bool,
    ) -> None:
        """A passenger requests a service on a flight, or withdraws one that was requested."""
        stream = self.pick(which, S.RESERVED, S.PAID, *TICKETED)
        if stream is None:
            return
        requested = readable_services(self.booking(stream), OPENED)
        if which < WILD:
            known = self.booking(stream)
            place = (place[0] % len(known.passengers), place[1] % len(known.segments))
        if withdraw and requested:
            one = requested[which % len(requested)]
            place, code = (one.passenger, one.segment), one.code
        there = Place(*place, by_staff)
        if not requested:
            box = sealed_code(code)
            self.submit(process, RequestSpecialService(stream, there, code, box, OPENED))
        if withdraw:
            self.submit(process, WithdrawSpecialService(stream, there, code, OPENED))

    @rule(process=PROCESSES, which=WHICH, segment=st.integers(0, 1), passengers=SOME)
    def board(
        self, process: int, which: int, segment: int, passengers: tuple[int, ...] | None
    ) -> None:
        """Some or all who are checked in go on board."""
        stream = self.pick(which, S.CHECKED_IN)
        if stream is not None:
            self.submit(process, Board(stream, segment, passengers))

    @rule(
        process=PROCESSES,
        which=WHICH,
        segment=st.integers(0, 1),
        passengers=SOME,
        at_gate=st.booleans(),
    )
    def undo_check_in(
        self,
        process: int,
        which: int,
        segment: int,
        passengers: tuple[int, ...] | None,
        at_gate: bool,
    ) -> None:
        """Some or all who are checked in take it back."""
        stream = self.pick(which, S.CHECKED_IN)
        if stream is not None:
            self.submit(process, UndoCheckIn(stream, segment, passengers, at_gate))

    @rule(
        process=PROCESSES,
        which=WHICH,
        then=st.sampled_from(("check in", "board", "fly", "miss", "offload", "undo")),
    )
    def travel(self, process: int, which: int, then: str) -> None:
        """All of a booking check in for their next flight, and fly, stay behind or are put off."""
        stream = self.pick(which, S.CONFIRMED, S.CHECKED_IN)
        if stream is None:
            return
        booking = self.booking(stream)
        segment = min((each.segment for each in booking.open_coupons()), default=0)
        flight = booking.segments[segment].flight
        departs_at = self.flight(flight).departs_at
        self.clock.now = max(self.clock.now, departs_at - dt.timedelta(hours=2))
        self.submit(process, CheckIn(stream, segment, None))
        if then == "undo":
            self.submit(process, UndoCheckIn(stream, segment, None, at_gate=False))
        elif then not in {"check in", "miss"}:
            self.submit(process, Board(stream, segment, None))
        if then == "offload":
            self.cancel_all(process, stream, at_gate=True)
        elif then in {"fly", "miss"}:
            self.clock.now = max(self.clock.now, departs_at)
            self.submit(process, DepartFlight(flight, self.clock.now))
            self.submit(process, CloseFlight(stream, flight))

    @rule(process=PROCESSES, closes=st.booleans(), reported=st.booleans())
    def depart(self, process: int, closes: bool, reported: bool) -> None:
        """The next flight leaves when its gate has closed; its bookings are closed now or later."""
        flight = self._next_flight()
        shut = self.flight(flight).departs_at - dt.timedelta(minutes=15)
        if self.clock.now + dt.timedelta(hours=3) >= shut:
            self.clock.now = max(self.clock.now, shut)
        by = DepartFlight if reported else DepartUnreported
        result = self.submit(process, by(flight, self.clock.now))
        if closes and isinstance(result, Outcome):
            self.submit_all(process, [CloseFlight(each, flight) for each in self.on_board(flight)])

    @rule(process=PROCESSES, which=WHICH)
    def close(self, process: int, which: int) -> None:
        """A booking's part in a flight is closed, whether it has left or not."""
        stream = self.pick(which, *TICKETED)
        if stream is not None:
            for segment in self.booking(stream).segments:
                self.submit(process, CloseFlight(stream, segment.flight))

    @rule(process=PROCESSES, which=WHICH, reopens=st.booleans(), leaves=st.booleans())
    def withdraw_departure(self, process: int, which: int, reopens: bool, leaves: bool) -> None:
        """A departure was a mistake: its bookings are reopened now or late, and it may leave."""
        departed = [n for n in self.flights if self.flight(n).status is FlightStatus.DEPARTED]
        flight = (departed or self.flights)[which % len(departed or self.flights)]
        now = self.clock()
        hour = dt.timedelta(hours=1)
        self.submit(process, WithdrawDeparture(flight, now + hour, now + 3 * hour, "crew"))
        if reopens:
            self.reopen(process, flight)
        if leaves:
            self.clock.advance(hour)
            self.submit(process, DepartFlight(flight, self.clock()))

    @rule(process=PROCESSES, which=WHICH)
    def be_recorded_by_mistake(self, process: int, which: int) -> None:
        """A booking is closed with a departure that is withdrawn at once."""
        self.travel(process=process, which=which, then="fly" if which % 2 else "miss")
        stream = self.pick(which, S.COMPLETED, S.NO_SHOW, *TICKETED)
        departed = (
            []
            if stream is None
            else [
                each.flight
                for each in self.booking(stream).segments
                if self.flight(each.flight).status is FlightStatus.DEPARTED
            ]
        )
        for flight in departed:
            now = self.clock()
            later = now + dt.timedelta(hours=2)
            self.submit(process, WithdrawDeparture(flight, later, later + (later - now), "crew"))
            self.reopen(process, flight)

    @rule(process=PROCESSES, index=st.integers(0, 4))
    def reopen_late(self, process: int, index: int) -> None:
        """What was closed with a withdrawn departure is reopened, whatever has happened since."""
        self.reopen(process, self.flights[index])

    def reopen(self, process: int, flight: str) -> None:
        """All bookings of the flight are reopened after each withdrawn departure, in order."""
        for recorded in self.log.streams[flight]:
            if isinstance(recorded.event, DepartureWithdrawn):
                departed_at = recorded.event.departed_at
                commands = [
                    ReopenFlight(each, flight, departed_at, "crew")
                    for each in self.on_board(flight)
                ]
                self.submit_all(process, commands)

    @rule(process=PROCESSES, index=st.integers(0, 4), offers=st.booleans())
    def cancel_flight(self, process: int, index: int, offers: bool) -> None:
        """Cancel a flight, but not too many; its bookings get their choices now or later."""
        flight = self.flights[index]
        changing = [each for each in self.bookings if self.booking(each).modification is not None]
        for modification in [self.booking(each).modification for each in changing[:1]]:
            assert modification is not None
            flight = modification.to.flight if index % 2 else flight
        cancelled = [n for n in self.flights if self.flight(n).status is FlightStatus.CANCELLED]
        if not cancelled:
            self.submit(process, CancelFlight(flight, "technical"))
        if offers:
            self.offer_choices(process, flight)

    @rule(
        process=PROCESSES,
        index=st.integers(0, 4),
        minutes=st.sampled_from((-130, -20, 20, 119, 120, 300)),
        offers=st.booleans(),
    )
    def reschedule(self, process: int, index: int, minutes: int, offers: bool) -> None:
        """A flight leaves earlier or later."""
        flight = self.flights[index]
        moved = dt.timedelta(minutes=minutes)
        known = self.flight(flight)
        times = (known.departs_at + moved, known.arrives_at + moved)
        self.submit(process, RescheduleFlight(flight, *times, "weather"))
        if offers:
            self.offer_choices(process, flight)

    @rule(
        process=PROCESSES,
        index=st.integers(0, 4),
        economy=st.integers(0, 7),
        business=st.integers(0, 3),
        reviews=st.booleans(),
    )
    def change_equipment(
        self, process: int, index: int, economy: int, business: int, reviews: bool
    ) -> None:
        """Another aircraft, perhaps too small for what was sold; seats are reviewed now or not."""
        seated = [name for name in self.flights if len(self.flight(name).seats)]
        flight = seated[index % len(seated)] if seated else self.flights[index]
        self.submit(process, ChangeEquipment(flight, layouts(economy, business), "technical"))
        if reviews:
            self.review(process, flight)

    @rule(process=PROCESSES, which=WHICH, economy=st.integers(0, 2))
    def lose_seats(self, process: int, which: int, economy: int) -> None:
        """A smaller aircraft comes after check-in."""
        self.travel(process=process, which=which, then="check in")
        stream = self.pick(which, S.CHECKED_IN)
        if stream is not None:
            flight = self.booking(stream).segments[0].flight
            self.submit(process, ChangeEquipment(flight, layouts(economy, 0), "technical"))
            self.review(process, flight)

    def review(self, process: int, flight: str) -> None:
        """Review the seats of all bookings of the flight."""
        self.submit_all(process, [ReviewSeats(each, flight, "x") for each in self.on_board(flight)])

    def offer_choices(self, process: int, flight: str) -> None:
        """All bookings of the flight are offered their choices after its last change."""
        happened = [
            recorded.event
            for recorded in self.log.streams[flight]
            if isinstance(recorded.event, FlightCancelled | FlightReinstated | FlightRescheduled)
        ]
        if not happened:
            return
        last = happened[-1]
        times = None
        if not isinstance(last, FlightCancelled):
            times = NewTimes(last.departs_at, last.arrives_at)
        for each in self.on_board(flight):
            command = OfferDisruption(
                each,
                flight,
                kind="cancelled" if isinstance(last, FlightCancelled) else "rescheduled",
                reason=last.reason,
                material=not isinstance(last, FlightRescheduled) or last.material,
                times=times,
            )
            self.submit(process, command)

    @rule(process=PROCESSES, index=st.integers(0, 4), asks=st.booleans())
    def reinstate(self, process: int, index: int, asks: bool) -> None:
        """A cancelled flight goes after all; perhaps the passengers are asked at once."""
        cancelled = [
            name for name in self.flights if self.flight(name).status is FlightStatus.CANCELLED
        ]
        flight = (cancelled or self.flights)[index % len(cancelled or self.flights)]
        self.submit(process, ReinstateFlight(flight, "crew found"))
        if asks:
            self.offer_choices(process, flight)

    @rule(process=PROCESSES, index=st.integers(0, 4))
    def take_late_disruption(self, process: int, index: int) -> None:
        """Choices are offered again, or late; seats are reviewed again."""
        self.offer_choices(process, self.flights[index])
        self.review(process, self.flights[index])

    @rule(process=PROCESSES, which=WHICH, accepts=st.booleans())
    def answer(self, process: int, which: int, accepts: bool) -> None:
        """The passengers stay with the flight, or end the contract."""
        asked = [each for each in self.bookings if self.booking(each).disruptions]
        stream = asked[which % len(asked)] if asked else self.pick(which, *TICKETED)
        if stream is None:
            return
        segment = next((each.segment for each in self.booking(stream).disruptions), 0)
        command: Any = RefundDisruption(stream, segment)
        if accepts:
            command = AcceptDisruption(stream, segment)
        self.submit(process, command)

    @rule(process=PROCESSES, which=WHICH, refunds=st.booleans())
    def stay_silent(self, process: int, which: int, refunds: bool) -> None:
        """The passengers do not answer: they are reminded, and refunded in the end."""
        stream = self.pick(which, *TICKETED)
        if stream is None:
            return
        index = self.flights.index(self.booking(stream).segments[0].flight)
        self.cancel_flight(process=process, index=index, offers=True)
        asked = [each for each in self.bookings if self.booking(each).disruptions]
        stream = asked[which % len(asked)] if asked else stream
        self.submit(process, RemindUnanswered(stream))
        if refunds:
            self.submit(process, RefundUnanswered(stream))

    @rule(process=PROCESSES, which=WHICH, to=st.integers(0, 4))
    def move_free(self, process: int, which: int, to: int) -> None:
        """The passengers of a disturbed flight go on another one at no cost."""
        asked = [each for each in self.bookings if self.booking(each).disruptions]
        if not asked:
            return
        stream = asked[which % len(asked)]
        segment = self.booking(stream).disruptions[0].segment
        where = self.booking(stream).segments[segment]
        others = [name for name in self.flights if name != where.flight]
        wanted = WantedSegment(others[to % len(others)], where.cabin)
        quote = self.quote_change(stream, segment, wanted)
        if quote is not None:
            self.modify(process=process, quote=quote)
