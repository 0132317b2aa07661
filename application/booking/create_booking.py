"""Create a booking: draw a record locator, price it, hold the seats; all in one append."""

import msgspec

from application import ports, streams
from application.orders import Decision
from application.planning import Reading
from domain.booking import decisions as booking_decisions
from domain.booking import rejections
from domain.booking import rules as booking_rules
from domain.booking.events import BookingInitiated, Passenger
from domain.booking.state import evolve
from domain.inventory import decisions as flight_decisions
from domain.inventory import rejections as flight_rejections
from domain.inventory import rules as flight_rules
from domain.inventory.state import Flight
from domain.kernel import ids, sealed
from domain.pricing import rules as pricing_rules
from domain.pricing.price import PassengerType, Price

LOCATOR_TRIES = 8


class CreateBooking(msgspec.Struct, frozen=True):
    """`passengers` and `contact` come sealed, with the keys to store; `quoted` is a price that
    this house signed and that still holds, or None for the price of this moment."""

    owner: str
    flight: str
    cabin: str
    passengers: tuple[Passenger, ...]
    contact: sealed.Sealed
    keys: tuple[ports.WrappedKey, ...]
    quoted: Price | None = None

    @property
    def hints(self) -> tuple[str, ...]:
        """The flight is read on every try."""
        return (self.flight,)


def create_booking(command: CreateBooking, reading: Reading) -> Decision:
    """Rejects PassengersUnfit, FlightNotFound, CabinNotFound, SalesClosed, SeatsUnavailable."""
    types = [passenger.type for passenger in command.passengers]
    booking_rules.require_fit_party(types)
    flight = reading.load(streams.FLIGHT, command.flight)
    if flight is None:
        raise flight_rejections.FlightNotFound()
    if command.cabin not in flight.cabins:
        raise flight_rejections.CabinNotFound(cabin=command.cabin)
    stream = _free_stream(reading)
    seat_count = pricing_rules.seat_count(types)
    until = flight_rules.hold_until(now=reading.now)
    held = flight_decisions.hold(
        flight,
        booking=stream,
        cabin=command.cabin,
        seat_count=seat_count,
        until=until,
        now=reading.now,
    )
    draft = BookingInitiated(
        owner=command.owner,
        flight=command.flight,
        cabin=command.cabin,
        seat_count=seat_count,
        passengers=command.passengers,
        contact=command.contact,
        price=command.quoted or _price(flight, command, types),
    )
    initiated = booking_decisions.initiate(None, draft=draft)
    reserved = booking_decisions.reserve(evolve(None, draft), hold_until=until)
    return Decision(
        answer_stream=stream,
        events=((stream, (*initiated, *reserved)), (command.flight, held)),
        keys=command.keys,
    )


def _price(flight: Flight, command: CreateBooking, types: list[PassengerType]) -> Price:
    return pricing_rules.price_flight(
        fare=flight.cabins[command.cabin].fare, domestic=flight.domestic, passengers=types
    )


def _free_stream(reading: Reading) -> str:
    """A locator drawn at random: a billion of them exist, and the log refuses a taken one."""
    for _ in range(LOCATOR_TRIES):
        locator = ids.record_locator(reading.draw(4))
        if locator is not None and reading.begin(streams.BOOKING, ids.booking_stream(locator)):
            return ids.booking_stream(locator)
    raise rejections.LocatorTaken()
