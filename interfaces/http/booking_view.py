"""A booking as clients see it: the journey, who travels, what is due and what may be done next."""

import datetime as dt

import msgspec

from application.booking import journey
from application.booking.people import Name
from application.commands import stream_kinds
from application.payment.start_checkout import require_seats
from domain.booking import actions, states
from domain.booking.preconditions import SegmentFacts
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.identity import roles
from domain.kernel import ids, money
from domain.kernel.rejections import Rejection
from domain.payment.state import NOT_REFUNDED, RefundStatus
from domain.pricing.price import PassengerType
from interfaces.http import wire
from interfaces.http.problems import Problem
from interfaces.http.strict_request import StrictRequest


class CouponResponse(msgspec.Struct, rename="camel"):
    """One passenger on one flight; `status` is IATA's letter."""

    segment: int
    status: str
    seat: str | None
    sequence: int | None


class PassengerResponse(msgspec.Struct, rename="camel"):
    """A traveller; names are null once the person was erased."""

    first_name: str | None
    last_name: str | None
    type: PassengerType
    ticket_number: str | None
    document_recorded: bool
    coupons: list[CouponResponse]


class SegmentResponse(msgspec.Struct, rename="camel"):
    """One flight of the journey."""

    flight_id: str
    cabin: wire.CabinName
    fare_class: str


class ExtraResponse(msgspec.Struct, rename="camel"):
    """An extra with its document number (EMD) once that was issued."""

    code: str
    passenger: int
    segment: int
    document_number: str | None


class ChangeResponse(msgspec.Struct, rename="camel"):
    """A modification that waits for its money until `holdUntil`."""

    segment: int
    flight_id: str
    cabin: wire.CabinName
    due: wire.MoneyResponse
    hold_until: dt.datetime | None


class DisruptionResponse(msgspec.Struct, rename="camel"):
    """What the airline did to a flight and waits to be answered; the times where it was moved."""

    segment: int
    kind: str
    material: bool
    departure_time: dt.datetime | None = None
    arrival_time: dt.datetime | None = None


class BookingResponse(msgspec.Struct, rename="camel"):
    """A booking as it is, or as it was when a replayed request made it.

    `flightId` and `cabin` are those of the first flight; `total` is the price it was sold for;
    `due` is what a checkout would collect now; `refundStatus` is pending, settled or
    failed (people see to it) where money is owed back.
    """

    id: str
    reference: str
    status: str
    flight_id: str
    cabin: wire.CabinName
    segments: list[SegmentResponse]
    hold_until: dt.datetime | None
    total: wire.MoneyResponse
    lines: list[wire.PriceLineResponse]
    due: wire.MoneyResponse
    refund: wire.MoneyResponse | None
    refund_status: str | None
    passengers: list[PassengerResponse]
    extras: list[ExtraResponse]
    change: ChangeResponse | None
    disruptions: list[DisruptionResponse]
    available_actions: list[str]


async def visible(request: StrictRequest, booking_id: str) -> tuple[str, Booking]:
    """The booking if who asks may see it; somebody else's is NOT_FOUND like none at all."""
    stream = wire.booking_stream(booking_id)
    booking = (await request.ports.bus.current(stream_kinds.BOOKING, stream))[0]
    principal = request.principal
    if booking is None or (
        booking.owner != principal.user and not roles.may(principal.role, "see_any_booking")
    ):
        raise Problem("NOT_FOUND")
    return stream, booking


async def changeable(
    request: StrictRequest, booking_id: str, *, by_staff: roles.Permission = "change_any_booking"
) -> tuple[str, Booking]:
    """The booking if who asks may change it: its owner, or staff with the permission."""
    stream, booking = await visible(request, booking_id)
    principal = request.principal
    if booking.owner != principal.user and not roles.may(principal.role, by_staff):
        raise Problem("FORBIDDEN")
    return stream, booking


async def facts(request: StrictRequest, booking: Booking) -> tuple[SegmentFacts, ...]:
    """What the log knows now of each flight of the journey."""
    found = []
    for segment in booking.segments:
        flight = (await request.ports.bus.current(stream_kinds.FLIGHT, segment.flight))[0]
        assert flight is not None, "a booking names flights that there are"
        found.append(journey.facts_of(flight))
    return tuple(found)


async def _facts(request: StrictRequest, stream: str, booking: Booking) -> tuple[SegmentFacts, ...]:
    """Of flights on which something depends: what was ticketed, or what somebody waits for."""
    if booking.status in states.TICKETED:
        return await facts(request, booking)
    if booking.status not in states.WAITLISTED:
        return ()
    found = []
    for segment in booking.segments:
        flight = (await request.ports.bus.current(stream_kinds.FLIGHT, segment.flight))[0]
        assert flight is not None, "a booking names flights that there are"
        has_seats = True
        try:
            require_seats(stream, booking, segment, flight, now=request.ports.now())
        except Rejection:
            has_seats = False
        found.append(msgspec.structs.replace(journey.facts_of(flight), has_seats=has_seats))
    return tuple(found)


async def opened(request: StrictRequest, stream: str, booking: Booking) -> BookingResponse:
    """The view with the names of those who were not erased."""
    boxes = [passenger.name for passenger in booking.passengers]
    texts = await request.ports.vault.open_all(boxes)
    names = [None if text is None else msgspec.json.decode(text, type=Name) for text in texts]
    return await response(request, stream, booking, names)


async def response(
    request: StrictRequest, stream: str, booking: Booking, names: list[Name] | list[Name | None]
) -> BookingResponse:
    """The view; flights are looked at only where something depends on them."""
    known = await _facts(request, stream, booking)
    owed = booking.owed()
    return BookingResponse(
        id=stream,
        reference=ids.reference_of(stream),
        status=booking.status.value,
        flight_id=booking.segments[0].flight,
        cabin=wire.CABIN_NAMES[booking.segments[0].cabin],
        segments=[
            SegmentResponse(each.flight, wire.CABIN_NAMES[each.cabin], each.fare_class)
            for each in booking.segments
        ],
        hold_until=booking.hold_until,
        total=wire.money_response(booking.price.total()),
        lines=wire.lines_response(booking.price, [each.type for each in booking.passengers]),
        due=wire.money_response(_due(booking)),
        refund=wire.money_response(owed) if owed.amount else None,
        refund_status=await _refund_status(request, booking),
        passengers=_passengers(booking, names),
        extras=[
            ExtraResponse(each.code, each.passenger, each.segment, each.document)
            for each in booking.extras
        ],
        change=_change(booking),
        disruptions=[
            DisruptionResponse(
                each.segment,
                each.kind,
                each.material,
                None if each.times is None else each.times.departs_at,
                None if each.times is None else each.times.arrives_at,
            )
            for each in booking.disruptions
        ],
        available_actions=list(
            actions.available_actions(
                booking,
                known,
                window=request.ports.check_in_window,
                at_gate=roles.may(request.principal.role, "handle_passengers"),
                now=request.ports.now(),
            )
        ),
    )


def _due(booking: Booking) -> money.Money:
    over = booking.status in {Status.EXPIRED, Status.CANCELLED, Status.REFUNDED}
    return money.Money(0, booking.currency) if over else booking.amount_due()


async def _refund_status(request: StrictRequest, booking: Booking) -> str | None:
    """How far the money is on its way; a booking of which a part goes on never gets `refunded`."""
    if not booking.obligations:
        return None
    if booking.status is Status.REFUNDED:
        return "settled"
    owed = {obligation.id for obligation in booking.obligations}
    settled = money.Money(0, booking.currency)
    for stream in booking.payments:
        payment = (await request.ports.bus.current(stream_kinds.PAYMENT, stream))[0]
        assert payment is not None, "a booking names payments that there are"
        for refund in payment.refunds:
            if refund.obligation in owed and refund.status in NOT_REFUNDED:
                return "failed"
            if refund.obligation in owed and refund.status is RefundStatus.SETTLED:
                settled += refund.amount
    return "settled" if settled == booking.owed() else "pending"


def _passengers(booking: Booking, names: list[Name] | list[Name | None]) -> list[PassengerResponse]:
    tickets = {ticket.passenger: ticket.number for ticket in booking.tickets}
    return [
        PassengerResponse(
            first_name=name.first_name if name else None,
            last_name=name.last_name if name else None,
            type=passenger.type,
            ticket_number=tickets.get(index),
            document_recorded=booking.documents[index] is not None,
            coupons=[
                CouponResponse(each.segment, each.status.value, each.seat, each.sequence)
                for each in booking.coupons
                if each.passenger == index
            ],
        )
        for index, (passenger, name) in enumerate(zip(booking.passengers, names, strict=True))
    ]


def _change(booking: Booking) -> ChangeResponse | None:
    modification = booking.modification
    if modification is None:
        return None
    return ChangeResponse(
        segment=modification.segment,
        flight_id=modification.to.flight,
        cabin=wire.CABIN_NAMES[modification.to.cabin],
        due=wire.money_response(money.Money(modification.due, booking.currency)),
        hold_until=booking.modification_until,
    )
