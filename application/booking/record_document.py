"""Record a passenger's travel document (APIS), sealed under the passenger's own key."""

import datetime as dt
from typing import Literal

import msgspec

from application.booking import journey
from application.booking.access import changeable_booking
from application.booking.booking_details import BookingDetails, booked_flight, carry_out_and_read
from application.booking.ports import BookingPorts
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import ages, passenger_details, rejections
from domain.booking.state import Booking
from domain.identity import roles
from domain.kernel import sealed

_encode = msgspec.json.Encoder(order="deterministic").encode


class TravelDocument(msgspec.Struct, frozen=True):
    """A passport or identity card; countries are ISO 3166 alpha-3, as machines read them."""

    kind: Literal["passport", "identity_card"]
    number: str
    issuing_country: str
    nationality: str
    birth_date: dt.date
    sex: Literal["F", "M", "X"]
    expires_on: dt.date


@stored_answer_first
async def record_document(
    ports: BookingPorts,
    caller: Caller,
    id_or_reference: str,
    *,
    passenger: int,
    document: TravelDocument,
) -> BookingDetails:
    """Store the document if it is valid for every flight that is still open.

    Rejects BookingNotFound, NotAllowed, NoSuchPart, DocumentMissing and what the command does.
    """
    at_gate = roles.may(caller.principal.role, "handle_passengers")
    booking_id, booking = await changeable_booking(
        ports,
        caller.principal,
        id_or_reference,
        by_staff="handle_passengers" if at_gate else "change_any_booking",
    )
    if passenger >= len(booking.passengers):
        raise rejections.NoSuchPart(passenger=passenger)
    await _inspect(ports, booking, passenger, document)
    subject = booking.passengers[passenger].name.subject
    box = ports.vault.seal(subject, _encode(document))
    days = ages.days_of(booking, passenger=passenger)
    command = RecordDocument(
        booking_id=booking_id,
        passenger=passenger,
        document=box,
        under_guardian_age=not ages.is_guardian(document.birth_date, days),
    )
    return await carry_out_and_read(ports, caller, command)


async def _inspect(
    ports: BookingPorts, booking: Booking, passenger: int, document: TravelDocument
) -> None:
    """Refuse a document now rather than at check-in; rejects DocumentMissing."""
    require_age(document, booking, passenger)
    for segment in {each.segment for each in booking.open_coupons()}:
        flight = await booked_flight(ports, booking, segment)
        require_valid_document(
            document,
            passenger=passenger,
            departs_on=journey.local_date(flight),
            international=not flight.domestic,
        )


def require_age(document: TravelDocument, booking: Booking, passenger: int) -> None:
    """Require the age that was paid for, over all flights that the passenger bought.

    Rejects DocumentMissing.
    """
    kind = booking.passengers[passenger].type
    needed = ages.passenger_type_over(
        document.birth_date, ages.days_of(booking, passenger=passenger)
    )
    if needed != kind:
        raise rejections.DocumentMissing(
            passenger=passenger, reason="age_differs", type=kind, needed=needed
        )
    first = ages.flies_from(document.birth_date)
    if min(ages.days_of(booking, passenger=passenger)) < first:
        raise rejections.DocumentMissing(
            passenger=passenger, reason="too_young", needed=first.isoformat()
        )


def require_valid_document(
    document: TravelDocument,
    *,
    passenger: int,
    departs_on: dt.date,
    international: bool,
) -> None:
    """Require a passport valid for six months abroad.

    `departs_on` is local at the origin. Rejects DocumentMissing.
    """
    if international and document.kind != "passport":
        raise rejections.DocumentMissing(passenger=passenger, reason="passport_needed")
    needed = passenger_details.passport_needed_until(departs_on) if international else departs_on
    if document.expires_on < needed:
        raise rejections.DocumentMissing(
            passenger=passenger, reason="expires_too_soon", needed=needed.isoformat()
        )


class RecordDocument(Command, frozen=True):
    """`document` is a sealed TravelDocument that was inspected before it was sealed, also for
    whether the passenger may accompany children and infants.
    """

    booking_id: str
    passenger: int
    document: sealed.Sealed
    under_guardian_age: bool = False

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, NoSuchPart and CouponNotOpen."""
        booking = journey.load(context, self.booking_id)
        recorded = passenger_details.record_document(
            booking,
            passenger=self.passenger,
            document=self.document,
            under_guardian_age=self.under_guardian_age,
        )
        context.record(self.booking_id, recorded)
        return Reply(self.booking_id)
