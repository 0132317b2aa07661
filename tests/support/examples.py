"""Plain examples that unit tests vary: one flight, one booking and one payment for it."""

import datetime as dt

from domain.booking.events import (
    BookingConfirmed,
    BookingExpired,
    BookingInitiated,
    BookingPaid,
    BookingReserved,
)
from domain.booking.values import Passenger, Segment, Ticket
from domain.inventory.events import CapacityMove, FareClass, FlightScheduled, SeatsHeld, SeatsSold
from domain.kernel import entries, money, sealed
from domain.ledger import carriage
from domain.ledger import rules as ledger_rules
from domain.payment.events import (
    AttemptStarted,
    FundsParked,
    PaymentCaptured,
    PaymentRequested,
    SessionOpened,
)
from domain.pricing import rules as pricing_rules
from domain.pricing.price import PassengerType
from tests.support.launch_prices import segment_fare

NOW = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
HOLD_UNTIL = NOW + dt.timedelta(minutes=15)
DEPARTS_AT = dt.datetime(2026, 11, 24, 5, 30, tzinfo=dt.UTC)
FLIGHT = "flight-SV1023-2026-11-24"
BOOKING = "booking-ABC234"
PAYMENT = "payment-ABC234-1"
ATTEMPT = "payment-ABC234-1-a1"
URL = "https://checkout.example/cs_1"


def sar(amount: int) -> money.Money:
    """Halalas."""
    return money.Money(amount, "SAR")


def scheduled(
    *, economy: int = 2, business: int = 1, fare: money.Money | None = None, domestic: bool = True
) -> FlightScheduled:
    """Riyadh to Jeddah with so many seats; 500 SAR in economy unless told otherwise."""
    economy_fare = fare or sar(50_000)
    business_fare = money.Money(economy_fare.amount * 3, economy_fare.currency)
    return FlightScheduled(
        number="SV1023",
        origin="RUH",
        destination="JED" if domestic else "DXB",
        origin_zone="Asia/Riyadh",
        destination_zone="Asia/Riyadh" if domestic else "Asia/Dubai",
        departs_at=DEPARTS_AT,
        arrives_at=DEPARTS_AT + dt.timedelta(minutes=105),
        domestic=domestic,
        fares=(FareClass("Y", "Y", economy_fare), FareClass("J", "J", business_fare)),
        moves=(CapacityMove("Y", authorised=economy), CapacityMove("J", authorised=business)),
    )


def held(booking: str = BOOKING, seats: int = 1, cabin: str = "Y") -> SeatsHeld:
    """Seats kept for a booking until the example's deadline."""
    move = CapacityMove(cabin, held=seats, fare_class=cabin)
    return SeatsHeld(booking=booking, until=HOLD_UNTIL, moves=(move,))


def sold(booking: str = BOOKING, seats: int = 1, cabin: str = "Y") -> SeatsSold:
    """The booking's held seats become sold ones."""
    return SeatsSold(
        booking=booking, moves=(CapacityMove(cabin, held=-seats, sold=seats, fare_class=cabin),)
    )


def passenger(kind: PassengerType = "ADT", number: int = 1) -> Passenger:
    """A traveller whose name nobody can read."""
    return Passenger(type=kind, name=sealed.Sealed(f"subject-{number}", b"\x00name"))


def draft(*kinds: PassengerType, domestic: bool = True) -> BookingInitiated:
    """A draft for one adult, or for these passengers."""
    party: tuple[PassengerType, ...] = kinds or ("ADT",)
    return BookingInitiated(
        owner="user-1",
        segments=(Segment(FLIGHT, "Y", "Y"),),
        passengers=tuple(passenger(kind, number) for number, kind in enumerate(party)),
        contact=sealed.Sealed("subject-0", b"\x00contact"),
        price=pricing_rules.price_journey(
            segments=(segment_fare(sar(50_000), domestic),), passengers=party
        ),
    )


DUE = draft().price.total()
RESERVED = BookingReserved(hold_until=HOLD_UNTIL)
PAID = BookingPaid(payment=PAYMENT, amount=DUE)
EXPIRED = BookingExpired(reason="hold_lapsed")
TICKETS = (Ticket(0, "0650000000001"),)


def ticketing_entry() -> entries.Entry:
    """The entry of the example's confirmation."""
    return carriage.ticketing_entry(
        carriage.Posted(BOOKING, ("0650000000001",), NOW), price=draft().price
    )


CONFIRMED = BookingConfirmed(tickets=TICKETS, entry=ticketing_entry())

REQUESTED = PaymentRequested(booking=BOOKING, due=DUE)


def started(attempt: str = ATTEMPT) -> AttemptStarted:
    """The intention to open a session."""
    return AttemptStarted(
        attempt=attempt,
        idempotency_key=f"checkout:{attempt}",
        locale="en",
        started_at=NOW,
        expires_at=NOW + dt.timedelta(minutes=60),
    )


def opened(attempt: str = ATTEMPT) -> SessionOpened:
    """Stripe opened the session."""
    expires_at = NOW + dt.timedelta(minutes=60)
    return SessionOpened(attempt=attempt, session="cs_1", url=URL, expires_at=expires_at)


def capture_entry(amount: money.Money = DUE, intent: str = "pi_1") -> entries.Entry:
    """The entry of a capture."""
    return ledger_rules.capture_entry(
        booking=BOOKING, amount=amount, references=(intent, f"ch_{intent}"), now=NOW
    )


def captured(
    amount: money.Money = DUE, *, intent: str = "pi_1", attempt: str = ATTEMPT
) -> PaymentCaptured:
    """Stripe captured money."""
    return PaymentCaptured(
        attempt=attempt,
        intent=intent,
        charge=f"ch_{intent}",
        amount=amount,
        entry=capture_entry(amount, intent),
    )


def parked(amount: money.Money = DUE, *, intent: str = "pi_1", reason: str = "late") -> FundsParked:
    """The captured money waits in unapplied funds."""
    return FundsParked(intent=intent, amount=amount, reason=reason)
