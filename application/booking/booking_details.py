"""A booking as its owner and staff see it: names, refund, available actions."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from application.booking import journey
from application.booking.access import CarriedOut, carry_out, visible_booking
from application.booking.boarding_pass_facts import is_pass_valid
from application.booking.booking_refunds import BookingRefund, refunds_of
from application.booking.opened_needs import opened_codes, readable_services
from application.booking.people import Name
from application.booking.ports import BookingPorts
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command
from application.identity.ports import Principal
from application.payment.start_checkout import require_seats
from application.policies import operating_rules
from domain.booking import actions, preconditions, states
from domain.booking.preconditions import CheckInWindow, SegmentFacts
from domain.booking.state import Booking, SpecialService
from domain.booking.states import Status
from domain.booking.suspension import Suspension, suspension_of
from domain.identity import roles
from domain.inventory.state import Flight
from domain.kernel import ids, money
from domain.kernel.rejections import Rejection
from domain.payment import declines
from domain.payment.declines import Decline
from domain.payment.state import NOT_REFUNDED, CreditPart, Payment, RefundStatus
from domain.policies.operating_values import GateTimes
from domain.pricing.price import PriceLine, lines

# As clients see them.
DeclineKind = declines.Kind
DeclineNextStep = declines.NextStep
RefundProgress = Literal["pending", "requires_action", "settled", "failed", "canceled"]


# What the log has of the flight of a segment.
BookedFlight = Flight


class BookingDetails(msgspec.Struct, frozen=True):
    """One booking; `names` are None where the person was erased, `special_services` are opened.

    `flights` are those of the segments, in order, as they are now.

    `due` is what a checkout would collect now: what is outstanding of the amount due. `credits` is
    what travel credit pays or has paid. `refund_status` is None where no refund is owed; `refunds`
    are also those of money that the booking could not take.
    `suspension` is why no coupon may be used, `printable_passes` the passengers and segments with a
    valid boarding pass, `decline` why the last card was declined while the amount is still due,
    `proposed_refund` what waits for a second person of finance, for those who may grant it,
    `replayed` when the command that led here was carried out before.
    """

    booking_id: str
    booking: Booking
    names: Sequence[Name | None]
    flights: Sequence[BookedFlight]
    price_lines: Sequence[PriceLine]
    due: money.Money
    credits: tuple[CreditPart, ...]
    refund_status: RefundProgress | None
    available_actions: tuple[str, ...]
    refunds: tuple[BookingRefund, ...] = ()
    special_services: tuple[SpecialService, ...] = ()
    suspension: Suspension | None = None
    printable_passes: frozenset[tuple[int, int]] = frozenset()
    decline: Decline | None = None
    proposed_refund: money.Money | None = None
    replayed: bool = False


async def read_booking(
    ports: BookingPorts, principal: Principal, id_or_reference: str
) -> BookingDetails:
    """Return a booking as the log has it now; rejects BookingNotFound."""
    booking_id, booking = await visible_booking(ports, principal, id_or_reference)
    return await details(ports, principal, CarriedOut(booking_id, booking, replayed=False))


async def carry_out_and_read(
    ports: BookingPorts, caller: Caller, command: Command
) -> BookingDetails:
    """Carry out a command about a booking and return the booking after it."""
    return await details(ports, caller.principal, await carry_out(ports, caller, command))


async def details(
    ports: BookingPorts,
    principal: Principal,
    done: CarriedOut,
    names: Sequence[Name] | None = None,
) -> BookingDetails:
    """Return the details; `names` where the caller has them in clear, else they are opened.

    Of a new booking, whose names the caller has, no payments are read, and flights are what the
    command has just seen of them.
    """
    booking = done.booking
    is_new = names is not None
    collected = {} if is_new else await _payments(ports, done.booking_id, booking)
    payments = _paying(done.booking_id, booking, collected)
    due = _due(booking, payments)
    flights = await booked_flights(ports, booking, is_new=is_new)
    facts = await _segment_facts(ports, done.booking_id, booking, flights)
    return BookingDetails(
        booking_id=done.booking_id,
        booking=booking,
        names=await _opened_names(ports, booking) if names is None else names,
        flights=flights,
        price_lines=lines(booking.price_now(), [each.type for each in booking.passengers]),
        due=due,
        credits=tuple(
            part for each in payments for part in each.credit_parts if not part.is_withdrawn
        ),
        refund_status=_refund_status(booking, payments),
        available_actions=actions.available_actions(
            booking,
            facts,
            windows=await _windows(ports, flights) if facts else (),
            at_gate=roles.may(principal.role, "handle_passengers"),
            now=ports.clock(),
        ),
        refunds=refunds_of(done.booking_id, tuple(collected.values()), now=ports.clock()),
        special_services=readable_services(booking, await opened_codes(ports.vault, [booking])),
        suspension=suspension_of(booking),
        printable_passes=frozenset(
            (each.passenger, each.segment)
            for each in booking.coupons
            if is_pass_valid(each, flights[each.segment])
        ),
        decline=_decline(payments) if due.amount else None,
        proposed_refund=_proposed_refund(principal, booking),
        replayed=done.replayed,
    )


def _proposed_refund(principal: Principal, booking: Booking) -> money.Money | None:
    proposed = booking.proposed_refund
    if proposed is None or not roles.may(principal.role, "override_refund"):
        return None
    return proposed.amount


async def booked_flight(ports: BookingPorts, booking: Booking, segment: int) -> Flight:
    """Return the flight of a segment as it is now; rejects NoSuchPart."""
    preconditions.require_segment(booking, segment)
    flight = (await ports.bus.current(stream_kinds.FLIGHT, booking.segments[segment].flight))[0]
    assert flight is not None, "a booking names flights that exist"
    return flight


async def bookings_on(ports: BookingPorts, flight: Flight) -> dict[str, Booking]:
    """Return the bookings that hold or have seats on the flight, in the order of their ids."""
    found = {}
    for booking_id in sorted(booking_id for booking_id, _ in flight.allocations.items()):
        booking = (await ports.bus.current(stream_kinds.BOOKING, booking_id))[0]
        assert booking is not None, "a flight names bookings that exist"
        found[booking_id] = booking
    return found


async def journey_facts(ports: BookingPorts, booking: Booking) -> tuple[SegmentFacts, ...]:
    """Return what the log has now about the flight of each segment."""
    flights = await booked_flights(ports, booking)
    return tuple(journey.facts_of(flight) for flight in flights)


async def booked_flights(
    ports: BookingPorts, booking: Booking, *, is_new: bool = False
) -> list[Flight]:
    """Return the flight of each segment as it is now, by one read.

    Those of a new booking are what the command that made it has just seen of them.
    """
    names = [each.flight for each in booking.segments]
    remembered = [
        flight
        for name in names
        if is_new and (flight := ports.bus.remembered(stream_kinds.FLIGHT, name)) is not None
    ]
    if len(remembered) == len(names):
        return remembered
    found = await ports.bus.current_all(stream_kinds.FLIGHT, names)
    flights = [flight for name in names if (flight := found[name][0]) is not None]
    assert len(flights) == len(names), "a booking names flights that exist"
    return flights


async def _segment_facts(
    ports: BookingPorts, booking_id: str, booking: Booking, flights: Sequence[Flight]
) -> tuple[SegmentFacts, ...]:
    """Return the facts of segments where actions depend on them: ticketed or waitlisted."""
    if booking.status in states.TICKETED:
        return tuple(journey.facts_of(flight) for flight in flights)
    if booking.status not in states.WAITLISTED:
        return ()
    found, book = [], (await ports.policies.in_force()).book
    for segment, flight in zip(booking.segments, flights, strict=True):
        has_seats = True
        try:
            limits = operating_rules.limits_of(book, flight, at=ports.clock())
            require_seats(booking_id, booking, segment, flight, limits=limits, now=ports.clock())
        except Rejection:
            has_seats = False
        found.append(msgspec.structs.replace(journey.facts_of(flight), has_seats=has_seats))
    return tuple(found)


async def _windows(ports: BookingPorts, flights: Sequence[Flight]) -> tuple[CheckInWindow, ...]:
    """Return when passengers of each segment check in and board, by the policies in force."""
    book, now = (await ports.policies.in_force()).book, ports.clock()
    sales = [operating_rules.of_flight(each) for each in flights]
    rules = [book.value_in_force(GateTimes, each, at=now) for each in sales]
    return tuple(operating_rules.window_of(each) for each in rules)


async def _opened_names(ports: BookingPorts, booking: Booking) -> list[Name | None]:
    texts = await ports.vault.open_all([passenger.name for passenger in booking.passengers])
    return [None if text is None else msgspec.json.decode(text, type=Name) for text in texts]


async def _payments(ports: BookingPorts, booking_id: str, booking: Booking) -> dict[str, Payment]:
    """Return all that ever collected money for the booking, by stream."""
    own = [
        ids.payment_stream(booking_id, number)
        for number in range(1, booking.modification_count + 2)
    ]
    streams = list(dict.fromkeys([*booking.payments, *own]))
    found = await ports.bus.current_all(stream_kinds.PAYMENT, streams)
    return {name: payment for name in streams if (payment := found[name][0]) is not None}


def _paying(
    booking_id: str, booking: Booking, collected: Mapping[str, Payment]
) -> tuple[Payment, ...]:
    """Return what has paid for the booking and then what is being collected, if anything is."""
    streams = list(booking.payments)
    due = ids.payment_stream(booking_id, booking.payment_number())
    if booking.amount_due().amount and due not in streams:
        streams.append(due)
    return tuple(collected[name] for name in streams if name in collected)


def _decline(payments: Sequence[Payment]) -> Decline | None:
    """Return why the last card was declined that somebody tried for what is still to be paid."""
    attempts = payments[-1].attempts if payments else ()
    codes = [each.last_decline for each in attempts if each.last_decline is not None]
    return declines.decline_of(codes[-1]) if codes else None


def _due(booking: Booking, payments: Sequence[Payment]) -> money.Money:
    """Return what is not paid yet of the amount due, whose payment, if any, is the last.

    Of a replay, whose booking may have been paid since: what it was due then.
    """
    over = booking.status in {Status.EXPIRED, Status.CANCELLED, Status.REFUNDED}
    due = booking.amount_due()
    if over or not due.amount:
        return money.Money(0, booking.currency)
    is_begun = len(payments) > len(booking.payments) and not payments[-1].is_settled()
    return payments[-1].outstanding() if is_begun else due


def _refund_status(booking: Booking, payments: Sequence[Payment]) -> RefundProgress | None:
    """Return the progress of the refunds, which may fail after they have settled.

    A partly cancelled booking never becomes `refunded`.
    """
    if not booking.obligations:
        return None
    owed = {obligation.id for obligation in booking.obligations}
    refunds = [each for payment in payments for each in payment.refunds if each.obligation in owed]
    credited = [
        each.amount
        for payment in payments
        for each in payment.credit_returns
        if each.obligation in owed
    ]
    sent_again = {refund.replaces for refund in refunds}
    standing = {refund.status for refund in refunds if refund.id not in sent_again}
    if standing & NOT_REFUNDED:
        return "canceled" if standing & NOT_REFUNDED == {RefundStatus.CANCELED} else "failed"
    if RefundStatus.REQUIRES_ACTION in standing:
        return "requires_action"
    arrived = [refund.arrived() for refund in refunds]
    settled = money.total([*arrived, *credited], booking.currency)
    return "settled" if settled == booking.owed() else "pending"
