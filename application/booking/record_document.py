"""Record a passenger's travel document (APIS), sealed under the passenger's own key."""

import msgspec

from application.booking import journey
from application.booking.access import changeable_booking
from application.booking.booking_details import BookingDetails, booked_flight, carry_out_and_read
from application.booking.people import sealed_beside
from application.booking.ports import BookingPorts
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.inventory.airports import Airports
from domain.booking import ages, passenger_details, rejections, travel_documents
from domain.booking.passenger_details import NO_FINDINGS
from domain.booking.state import Booking
from domain.booking.travel_documents import Sector
from domain.booking.values import DocumentFindings, DocumentProblem, DocumentReason
from domain.identity import roles
from domain.inventory.state import Flight
from domain.kernel import sealed

# What a route decodes a request into.
TravelDocument = travel_documents.TravelDocument

# What of a document a problem is about, as the request has it.
SHOWN_IN: dict[DocumentReason, str] = {
    "passport_needed": "kind",
    "expires_too_soon": "expiresOn",
    "age_differs": "birthDate",
    "too_young": "birthDate",
}

_encode = msgspec.json.Encoder(order="deterministic").encode


@stored_answer_first
async def record_document(
    ports: BookingPorts,
    caller: Caller,
    id_or_reference: str,
    *,
    passenger: int,
    document: TravelDocument,
) -> BookingDetails:
    """Store the document if it does for a flight that the passenger still has; each coupon shows
    where it does not.

    Rejects BookingNotFound, NotAllowed, NoSuchPart, DocumentMissing, PersonErased,
    InvalidBirthDate, UnknownCountry and what the command does.
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
    document = travel_documents.with_known_countries(document)
    ages.require_possible(document.birth_date, today=ports.clock().date(), field="birthDate")
    findings = DocumentFindings(
        under_guardian_age=not ages.is_guardian(
            document.birth_date, ages.days_of(booking, passenger=passenger)
        ),
        problems=await _problems(ports, booking, passenger, document),
    )
    box = await sealed_beside(ports.vault, booking.passengers[passenger].name, _encode(document))
    if box is None:
        raise rejections.PersonErased(passenger=passenger)
    command = RecordDocument(
        booking_id=booking_id, passenger=passenger, document=box, findings=findings
    )
    return await carry_out_and_read(ports, caller, command)


async def _problems(
    ports: BookingPorts, booking: Booking, passenger: int, document: TravelDocument
) -> tuple[DocumentProblem, ...]:
    """Return what the document lacks for the passenger's open flights.

    Rejects DocumentMissing where it does for none of them: refused now rather than at check-in.
    """
    found = []
    own = [each.segment for each in booking.open_coupons() if each.passenger == passenger]
    for segment in own:
        sector = sector_of(await booked_flight(ports, booking, segment), ports.airports)
        found.append(
            ages.problem_on(booking, passenger, document.birth_date, segment=segment)
            or travel_documents.problem_on(document, sector, segment=segment)
        )
    problems = tuple(each for each in found if each is not None)
    if problems and len(problems) == len(own):
        field = SHOWN_IN[problems[0].reason]
        raise travel_documents.refusal(problems[0], passenger=passenger, field=field)
    return problems


def sector_of(flight: Flight, airports: Airports) -> Sector:
    """Return the flight as a border control sees it."""
    origin, destination = airports.get(flight.origin), airports.get(flight.destination)
    return Sector(
        departs_on=journey.local_date(flight),
        domestic=flight.domestic,
        origin=None if origin is None else origin.country,
        destination=None if destination is None else destination.country,
    )


class RecordDocument(Command, frozen=True):
    """`document` is a sealed TravelDocument; `findings` were made before it was sealed."""

    booking_id: str
    passenger: int
    document: sealed.Sealed
    findings: DocumentFindings = NO_FINDINGS

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, NoSuchPart and CouponNotOpen."""
        booking = journey.load(context, self.booking_id)
        recorded = passenger_details.record_document(
            booking,
            passenger=self.passenger,
            document=self.document,
            findings=self.findings,
        )
        context.record(self.booking_id, recorded)
        return Reply(self.booking_id)
