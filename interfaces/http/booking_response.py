"""A booking as clients see it: the journey, passengers, amount due and available actions."""

import datetime as dt

import msgspec

from application.booking import booking_details, booking_refunds
from application.booking.booking_details import BookingDetails
from domain.kernel import ids, money
from interfaces.http import decline_words, extra_response, flight_response, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.extra_response import ExtraResponse, ExtrasOrderResponse
from interfaces.http.flight_response import SegmentResponse


class DocumentProblemResponse(msgspec.Struct, rename="camel"):
    """Why the recorded travel document does not do for a flight."""

    reason: str
    needed_until: dt.date | None
    needed_type: wire.PassengerType | None


class CouponResponse(msgspec.Struct, rename="camel"):
    """One passenger on one flight; `status` is IATA's letter, X for one in another booking.

    `standby` is a passenger who is checked in and whose seat the aircraft does not have;
    `documentProblem` is null where no document is recorded or it does; `boardingPassPdf` is where
    the pass of a checked-in passenger is printed, null of others.
    """

    segment: int
    status: str
    seat: str | None
    sequence: int | None
    standby: bool
    document_problem: DocumentProblemResponse | None
    boarding_pass_pdf: str | None


class PassengerResponse(msgspec.Struct, rename="camel"):
    """A traveller; names are null once the person was erased. `firstName` FNU: one name only."""

    first_name: str | None
    last_name: str | None
    arabic_name: str | None
    type: wire.PassengerType
    ticket_number: str | None
    document_recorded: bool
    coupons: list[CouponResponse]


class LinksResponse(msgspec.Struct, rename="camel"):
    """Where more of the booking is: lists of documents with the addresses of their PDFs, a calendar
    file of its flights, and what happened to it.
    """

    tax_documents: str
    boarding_passes: str
    calendar: str
    history: str


class ChangeResponse(msgspec.Struct, rename="camel"):
    """An unpaid modification; its new seats are held until `holdUntil`."""

    segment: int
    flight_id: str
    cabin: wire.CabinName
    due: wire.MoneyResponse
    hold_until: dt.datetime | None


class DisruptionResponse(msgspec.Struct, rename="camel"):
    """An unanswered disruption of a flight, with new times where it was rescheduled."""

    segment: int
    kind: str
    material: bool
    departure_time: dt.datetime | None = None
    arrival_time: dt.datetime | None = None


class SpecialServiceResponse(msgspec.Struct, rename="camel"):
    """A service of a passenger on a flight, by its IATA code."""

    code: str
    passenger: int
    segment: int


class DivisionResponse(msgspec.Struct, rename="camel"):
    """Passengers who have left for the booking of this reference."""

    reference: str
    passengers: list[int]


class SuspensionResponse(msgspec.Struct, rename="camel"):
    """Why the coupons may not be used for now: neither check-in nor boarding nor a change.

    `nextStep` is what the passengers can do. payment_disputed: ask_your_bank_to_end_the_dispute; a
    cancellation is possible, and its refund waits. payment_unconfirmed: ask_the_airline.
    """

    reason: str
    next_step: str


class DeclineResponse(msgspec.Struct, rename="camel"):
    """Why the last card was declined while the amount is still due, and what can be done.

    The payer is never told that a card was reported lost or stolen, or that fraud is suspected.
    """

    kind: booking_details.DeclineKind
    next_step: booking_details.DeclineNextStep
    text: decline_words.TextsResponse


class CreditPartResponse(msgspec.Struct, rename="camel"):
    """What travel credit pays or has paid; `returned` went back to the credit as a refund.

    `use` names the part: it can be withdrawn until the amount due is paid.
    """

    use: str
    credit: str
    amount: wire.MoneyResponse
    returned: wire.MoneyResponse


class RefundDestinationResponse(msgspec.Struct, rename="camel"):
    """Where a refund goes: to the card that paid (or the account of another method), to a bank
    account by a transfer, or back to travel credit. `dispute`: the payer's bank has given it back.

    `cardLastFour` is null where it is not known; `credit` is the id of the travel credit.
    """

    kind: booking_refunds.DestinationKind
    card_last_four: str | None
    credit: str | None


class BookingRefundResponse(msgspec.Struct, rename="camel"):
    """One refund, how far it is, and what the customer can do next.

    `id` is ours, or Stripe's where the airline made it there by hand (`madeByHand`). `status`:
    requested (Stripe does not have it yet), pending (Stripe has it), requires_action (Stripe has
    written to the payer), succeeded (the bank has it, and may still return it), failed, canceled.
    `requestedAt` is null for old ones whose time was not recorded. `expectedBy` is the latest day
    on which the payer has the money, by `expectedBySource`: card_ten_business_days is Stripe's
    figure (support.stripe.com/questions/customer-refund-processing-time) as 14 days, holidays not
    counted; transfer_value_date is that of the bank transfer; null where nobody can say. `reason`
    is why it waits, failed or was canceled. `nextStep` is null where there is nothing to do.
    `replaces` is the failed refund in whose place it was sent.
    """

    id: str
    amount: wire.MoneyResponse
    destination: RefundDestinationResponse
    status: booking_refunds.Progress
    requested_at: dt.datetime | None
    expected_by: dt.date | None
    expected_by_source: booking_refunds.ExpectedBySource | None
    reason: booking_refunds.Reason | None
    next_step: booking_refunds.NextStep | None
    replaces: str | None
    made_by_hand: bool


class BookingResponse(msgspec.Struct, rename="camel"):
    """A booking as it is, or as it was when a replayed request made it.

    `flightId` and `cabin` are those of the first flight; `total` and `lines` are what it costs
    after its modifications, `paid` all that was paid for it so far; `due` is what a checkout would
    collect now, which is what `credits` and parts paid by card have left; `refundStatus` is
    pending, requires_action (the payer has to answer Stripe), settled, or failed or canceled (staff
    handle it) where money is owed back; `refunds` are all refunds, also of money that the booking
    could not take, the oldest first. Both are of the present, also in the answer to a repeat.
    Places and times of `segments` are those of the flights at present, also in a repeat.
    `extrasOrder` are extras that were ordered later and are not issued yet; `refundedExtras` were
    returned one by one. `dividedFrom` is the reference of the booking that its passengers have
    left, and `dividedInto` are those for which passengers have left it. `proposedRefund` is a
    refund beyond the rules for which one person of finance has asked and another has to ask as
    well; null for everybody else.
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
    paid: wire.MoneyResponse | None
    due: wire.MoneyResponse
    credits: list[CreditPartResponse]
    refund: wire.MoneyResponse | None
    refund_status: str | None
    refunds: list[BookingRefundResponse]
    proposed_refund: wire.MoneyResponse | None
    passengers: list[PassengerResponse]
    extras: list[ExtraResponse]
    refunded_extras: list[ExtraResponse]
    extras_order: ExtrasOrderResponse | None
    special_services: list[SpecialServiceResponse]
    change: ChangeResponse | None
    disruptions: list[DisruptionResponse]
    suspension: SuspensionResponse | None
    decline: DeclineResponse | None
    divided_from: str | None
    divided_into: list[DivisionResponse]
    available_actions: list[str]
    links: LinksResponse


def answer(details: BookingDetails, *, status_code: int | None = None) -> Answered[BookingResponse]:
    """Return the booking; a header marks a command that was carried out before."""
    return Answered(
        response(details),
        status_code=status_code,
        headers=idempotency.REPLAYED if details.replayed else {},
    )


def response(details: BookingDetails) -> BookingResponse:
    """Return the booking as JSON."""
    booking = details.booking
    owed = booking.owed()
    return BookingResponse(
        id=details.booking_id,
        reference=ids.reference_of(details.booking_id),
        status=booking.status.value,
        flight_id=booking.segments[0].flight,
        cabin=wire.CABIN_NAMES[booking.segments[0].cabin],
        segments=flight_response.segments(details),
        hold_until=booking.hold_until,
        total=wire.money_response(booking.price_now().total()),
        lines=[
            wire.PriceLineResponse(*msgspec.structs.astuple(each)) for each in details.price_lines
        ],
        paid=wire.optional_money_response(booking.captured),
        due=wire.money_response(details.due),
        credits=_credits(details),
        refund=wire.money_response(owed) if owed.amount else None,
        refund_status=details.refund_status,
        refunds=[_refund(each) for each in details.refunds],
        proposed_refund=wire.optional_money_response(details.proposed_refund),
        passengers=_passengers(details),
        extras=extra_response.sold(details),
        refunded_extras=extra_response.returned(details),
        extras_order=extra_response.order(details),
        special_services=[
            SpecialServiceResponse(each.code, each.passenger, each.segment)
            for each in details.special_services
        ],
        change=_change(details),
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
        suspension=_suspension(details),
        decline=_decline(details),
        divided_from=booking.divided_from and ids.reference_of(booking.divided_from),
        divided_into=[
            DivisionResponse(ids.reference_of(each.booking), list(each.passengers))
            for each in booking.divided_into
        ],
        available_actions=list(details.available_actions),
        links=_links(details.booking_id),
    )


def _links(booking_id: str) -> LinksResponse:
    place = f"/api/bookings/{booking_id}"
    return LinksResponse(
        tax_documents=f"{place}/tax-documents",
        boarding_passes=f"{place}/boarding-passes",
        calendar=f"{place}/calendar.ics",
        history=f"{place}/history",
    )


def _refund(refund: booking_refunds.BookingRefund) -> BookingRefundResponse:
    to, expected = refund.destination, refund.expected
    return BookingRefundResponse(
        id=refund.id,
        amount=wire.money_response(refund.amount),
        destination=RefundDestinationResponse(to.kind, to.card, to.credit),
        status=refund.status,
        requested_at=refund.requested_at,
        expected_by=None if expected is None else expected.by,
        expected_by_source=None if expected is None else expected.source,
        reason=refund.reason,
        next_step=refund.next_step,
        replaces=refund.replaces,
        made_by_hand=refund.by_hand,
    )


def _credits(details: BookingDetails) -> list[CreditPartResponse]:
    return [
        CreditPartResponse(
            each.use,
            each.credit,
            wire.money_response(each.amount),
            wire.money_response(each.returned),
        )
        for each in details.credits
    ]


def _suspension(details: BookingDetails) -> SuspensionResponse | None:
    found = details.suspension
    return None if found is None else SuspensionResponse(found.reason, found.next_step)


def _decline(details: BookingDetails) -> DeclineResponse | None:
    found = details.decline
    if found is None:
        return None
    return DeclineResponse(found.kind, found.next_step, decline_words.TEXTS[found.kind])


def _passengers(details: BookingDetails) -> list[PassengerResponse]:
    booking = details.booking
    tickets = {ticket.passenger: ticket.number for ticket in booking.tickets}
    return [
        PassengerResponse(
            first_name=name.first_name if name else None,
            last_name=name.last_name if name else None,
            arabic_name=name.arabic_name if name else None,
            type=passenger.type,
            ticket_number=tickets.get(index),
            document_recorded=booking.documents[index] is not None,
            coupons=_coupons(details, index),
        )
        for index, (passenger, name) in enumerate(
            zip(booking.passengers, details.names, strict=True)
        )
    ]


def _coupons(details: BookingDetails, passenger: int) -> list[CouponResponse]:
    return [
        CouponResponse(
            each.segment,
            each.status.value,
            each.seat,
            each.sequence,
            each.standby,
            None
            if each.document_problem is None or each.is_final
            else DocumentProblemResponse(
                each.document_problem.reason,
                each.document_problem.needed_until,
                each.document_problem.needed_type,
            ),
            f"/api/bookings/{details.booking_id}/boarding-passes/{each.segment}/{passenger}/pdf"
            if (passenger, each.segment) in details.printable_passes
            else None,
        )
        for each in details.booking.coupons
        if each.passenger == passenger
    ]


def _change(details: BookingDetails) -> ChangeResponse | None:
    booking = details.booking
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
