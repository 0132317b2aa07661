"""The test airline: one set of verbs, carried out in memory (`MemoryAirline`) or on Postgres.

Rule: every history comes about by commands; no event is written by hand. A verb is a generator: it
yields a command for its outcome, or the id of a stream for its state, and returns its result. In
memory a verb returns that at once; on Postgres (`PostgresAirline`) it is awaited.
"""

import datetime as dt
import functools
import itertools
import os
from collections.abc import Callable, Generator
from typing import Any
from zoneinfo import ZoneInfo

from application import ports
from application.booking import journey
from application.booking.cancel_booking import CancelBooking, Part, cancellation_quote
from application.booking.complete_modification import CompleteModification
from application.booking.confirm_booking import ConfirmBooking
from application.booking.create_booking import CreateBooking, Mode
from application.booking.expire_booking import ExpireBooking
from application.booking.modify_booking import ModifyBooking
from application.booking.quote_modification import modification_quote
from application.commands.command import Command
from application.inventory.schedule_flight import ScheduleFlight
from application.payment.record_attempt import RecordAttempt
from application.payment.record_attempt import Result as AttemptResult
from application.payment.record_capture import RecordCapture
from application.payment.record_refund import RecordRefund
from application.payment.record_refund import Result as RefundResult
from application.payment.refund_payment import RefundPayment
from application.payment.start_checkout import StartCheckout
from application.policies.read_book import STREAMS
from application.pricing.journeys import Priced, WantedSegment
from domain.booking.values import Passenger, SeatChoice
from domain.inventory.events import CabinLayout, CapacityMove, FareClass, FlightScheduled, Residue
from domain.kernel import ids, money, sealed
from domain.policies.book import book_of
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import PassengerType

START = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
AIRLINE = "065"
RIYADH = ZoneInfo("Asia/Riyadh")
Steps = Generator[Command | str, Any, Any]


def schedule_flight(
    number: str = "SV1",
    *,
    seats: int = 9,
    fare: int = 50_000,
    currency: str = "SAR",
    domestic: bool = True,
    departs_at: dt.datetime,
    route: tuple[str, str] = ("RUH", "JED"),
    country: str = "SA",
    business: int | None = None,
    residue: Residue = "cash",
) -> ScheduleFlight:
    """Put a flight on sale; of one cabin, or also with two seats in business at this fare."""
    scheduled = FlightScheduled(
        number=number,
        origin=route[0],
        destination=route[1],
        origin_zone="Asia/Riyadh",
        destination_zone="Asia/Riyadh",
        departs_at=departs_at,
        arrives_at=departs_at + dt.timedelta(hours=2),
        domestic=domestic,
        fares=(
            FareClass("Y", "Y", money.Money(fare, currency), residue=residue),
            *([FareClass("J", "J", money.Money(business, currency))] if business else []),
        ),
        moves=(
            CapacityMove("Y", authorised=seats),
            *([CapacityMove("J", authorised=2)] if business else []),
        ),
        layouts=(
            CabinLayout("Y", seats, 10, "ABCDEF"),
            *([CabinLayout("J", 2, 1, "AC")] if business else []),
        ),
        country=country,
    )
    return ScheduleFlight(flight_id=_flight_id(scheduled), scheduled=scheduled)


def _flight_id(scheduled: FlightScheduled) -> str:
    local = scheduled.departs_at.astimezone(RIYADH).date()
    return ids.flight_stream(scheduled.number, local.isoformat())


def create_booking(
    flights: str | tuple[str, ...],
    *party: PassengerType,
    owner: str = "user_1",
    cabin: str = "Y",
    mode: Mode = "hold",
    extras: tuple[ExtraChoice, ...] = (),
    seats: tuple[SeatChoice, ...] = (),
    quoted: Priced | None = None,
    unpaid_limit: int | None = None,
) -> CreateBooking:
    """Book one adult, or this party, on one or several flights."""
    names = (flights,) if isinstance(flights, str) else flights
    subject = "sub_" + os.urandom(13).hex()
    box = sealed.Sealed(subject, os.urandom(60))
    return CreateBooking(
        owner=owner,
        wanted=tuple(WantedSegment(each, cabin) for each in names),
        passengers=tuple(Passenger(kind, box) for kind in party or ("ADT",)),
        contact=box,
        keys=(ports.WrappedKey(subject, os.urandom(60)),),
        extras=extras,
        seats=seats,
        mode=mode,
        quoted=quoted,
        unpaid_limit=unpaid_limit,
    )


def payment_of(booking: str) -> str:
    """The first payment of a booking."""
    return ids.payment_stream(booking, 1)


def attempt_of(booking: str) -> str:
    """Its first attempt."""
    return f"{payment_of(booking)}-a1"


def capture(
    booking: str,
    amount: money.Money,
    *,
    intent: str = "pi_1",
    attempt: str | None = None,
    signed: bool = False,
    paid_at: dt.datetime | None = None,
) -> RecordCapture:
    """Stripe took this much for an attempt of the booking; the first, unless another is named.

    `signed`: only a signed event says so. `paid_at`: now, unless it is earlier.
    """
    name = attempt or attempt_of(booking)
    return RecordCapture(
        payment_id=name.rpartition("-a")[0],
        booking_id=booking,
        attempt=name,
        intent=intent,
        charge=f"ch_{intent}",
        amount=amount,
        from_signed_event=signed,
        paid_at=paid_at,
    )


def expire(booking: str) -> ExpireBooking:
    """The hold lapses."""
    return ExpireBooking(booking_id=booking, reason="hold_lapsed")


def verb(steps: Callable[..., Steps]) -> Callable[..., Any]:
    """A method whose steps the back end carries out."""

    @functools.wraps(steps)
    def carried_out(airline: "Airline", *arguments: Any, **named: Any) -> Any:
        return airline.carry_out(steps(airline, *arguments, **named))

    return carried_out


class Airline:
    """The verbs; a back end says how `carry_out` gets outcomes and states."""

    def __init__(self, clock: ports.Clock) -> None:
        self.clock = clock
        self._began = clock().replace(microsecond=0)
        self._serials = itertools.count(5_000)

    def carry_out(self, steps: Steps) -> Any:
        """Run the steps to their end; the result of the verb."""
        raise NotImplementedError

    def _draw(self, count: int) -> tuple[int, ...]:
        return tuple(next(self._serials) for _ in range(count))

    @verb
    def state(self, stream: str) -> Steps:
        """A booking, flight or payment as the log has it now."""
        return (yield stream)

    booking = flight = payment = state

    @verb
    def schedule(
        self,
        number: str = "SV1",
        *,
        in_days: float = 10,
        departs_at: dt.datetime | None = None,
        scheduled: FlightScheduled | None = None,
        **more: Any,
    ) -> Steps:
        """Put a flight on sale that leaves then, or so many days after the start; its stream."""
        if scheduled is not None:
            command = ScheduleFlight(flight_id=_flight_id(scheduled), scheduled=scheduled)
        else:
            departs_at = departs_at or self._began + dt.timedelta(days=in_days)
            command = schedule_flight(number, departs_at=departs_at, **more)
        yield command
        return command.flight_id

    def _book(self, flights: str | tuple[str, ...], *party: PassengerType, **more: Any) -> Steps:
        """A booking of one adult or this party on one or several flights; its stream."""
        return (yield create_booking(flights, *party, **more)).answer.stream

    book = verb(_book)

    def _checkout(self, booking: str) -> Steps:
        """Start to collect what is due; payment and attempt."""
        answer = (yield StartCheckout(booking_id=booking)).answer
        return answer.stream, answer.ids["attempt"]

    checkout = verb(_checkout)

    @verb
    def record_attempt(
        self, booking: str, result: AttemptResult, *, attempt: str | None = None
    ) -> Steps:
        """What became of the booking's first attempt, or of this one."""
        name = attempt or attempt_of(booking)
        return (yield RecordAttempt(payment_of(booking), name, result))

    def _pay(
        self, booking: str, *, intent: str | None = None, surplus: int = 0, signed: bool = False
    ) -> Steps:
        """Check out, and let Stripe capture what is due or another amount; the payment."""
        payment, attempt = yield from self._checkout(booking)
        due = (yield booking).amount_due()
        amount = due + money.Money(surplus, due.currency)
        name = intent or f"pi_{payment}"
        yield capture(booking, amount, intent=name, attempt=attempt, signed=signed)
        return payment

    pay = verb(_pay)

    def _confirmation(self, booking: str) -> Steps:
        """The command that issues the tickets, and the documents of extras."""
        state = yield booking
        count = len(state.passengers) + len(state.extras)
        return ConfirmBooking(booking, AIRLINE, self._draw(count))

    confirmation = verb(_confirmation)

    def _confirm(self, booking: str) -> Steps:
        """Issue the tickets of what was paid."""
        yield (yield from self._confirmation(booking))

    confirm = verb(_confirm)

    @verb
    def ticketed(self, flights: str | tuple[str, ...], *party: PassengerType, **more: Any) -> Steps:
        """Booked, paid and confirmed; its stream."""
        booking = yield from self._book(flights, *party, **more)
        yield from self._pay(booking)
        yield from self._confirm(booking)
        return booking

    def policy_book(self) -> Steps:
        """All policies as the log has them."""
        read = {}
        for name, stream in STREAMS.items():
            read[name] = yield stream
        return book_of(read)

    def _quote_cancellation(self, booking: str, part: Part | None = None) -> Steps:
        """What it costs now to cancel the booking or a part."""
        state = yield booking
        facts = []
        for segment in state.segments:
            facts.append(journey.facts_of((yield segment.flight)))
        return cancellation_quote(
            booking,
            state,
            tuple(facts),
            book=(yield from self.policy_book()),
            part=part or Part(),
            at_gate=False,
            waiver=None,
            now=self.clock(),
        )

    quote_cancellation = verb(_quote_cancellation)

    @verb
    def cancel(self, booking: str, part: Part | None = None) -> Steps:
        """Cancel the booking, or a part, at its terms; the quote."""
        quote = yield from self._quote_cancellation(booking, part)
        yield CancelBooking(quote=quote, reason="requested")
        return quote

    def _quote_modification(
        self,
        booking: str,
        to: str,
        *,
        segment: int = 0,
        cabin: str = "Y",
        fare_class: str | None = None,
        waiver: str | None = None,
    ) -> Steps:
        """What another flight in place of the first, or of this segment, costs now."""
        state = yield booking
        flights = []
        for each in state.segments:
            flights.append((yield each.flight))
        return modification_quote(
            booking,
            state,
            flights,
            (yield to),
            book=(yield from self.policy_book()),
            segment=segment,
            to=WantedSegment(to, cabin, fare_class),
            reason="requested",
            now=self.clock(),
            waiver=waiver,
        )

    quote_modification = verb(_quote_modification)

    def _modify(self, booking: str, to: str, **more: Any) -> Steps:
        """Accept what another first flight costs; the quote."""
        quote = yield from self._quote_modification(booking, to, **more)
        serials = self._draw(len((yield booking).passengers))
        yield ModifyBooking(quote=quote, airline_code=AIRLINE, serials=serials)
        return quote

    modify = verb(_modify)

    @verb
    def exchange(self, booking: str, to: str, **more: Any) -> Steps:
        """Accept, pay what is due, and complete; the quote."""
        quote = yield from self._modify(booking, to, **more)
        if quote.modification.due:
            yield from self._pay(booking)
            serials = self._draw(len((yield booking).passengers))
            yield CompleteModification(booking, AIRLINE, serials)
        return quote

    @verb
    def refund(
        self, booking: str, *, obligation: str = "cancellation", amount: int = 1_000
    ) -> Steps:
        """Request a refund of a part of a paid booking; payment and refund."""
        payment = payment_of(booking)
        back = money.Money(amount, "SAR")
        outcome = yield RefundPayment(booking, obligation, back, (payment,))
        return payment, outcome.answer.ids[payment]

    @verb
    def record_refund(self, payment: str, refund: str, result: RefundResult) -> Steps:
        """What became of a refund."""
        return (yield RecordRefund(payment, refund, result))
