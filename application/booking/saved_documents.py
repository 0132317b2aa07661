"""The travel documents of saved passengers who are booked, sealed and compared with the flights."""

from collections.abc import Sequence

import msgspec

from application.booking import journey
from application.booking.ports import BookingPorts
from application.booking.record_document import sector_of
from application.booking.travellers import Traveller
from application.commands import stream_kinds
from application.commands.context import DecisionContext
from domain.booking import passenger_details, travel_documents
from domain.booking.travel_documents import TravelDocument
from domain.booking.values import DocumentFindings, Passenger
from domain.inventory.state import Flight
from domain.kernel.sealed import Sealed

_encode = msgspec.json.Encoder(order="deterministic").encode


class BookedDocument(msgspec.Struct, frozen=True):
    """The document of a passenger, counted from 0: a sealed TravelDocument, and what it lacks."""

    passenger: int
    document: Sealed
    findings: DocumentFindings


async def booked(
    ports: BookingPorts,
    travellers: Sequence[Traveller],
    passengers: Sequence[Passenger],
    flight_ids: Sequence[str],
) -> tuple[BookedDocument, ...]:
    """Return the documents to record with a booking of these flights.

    One that does for none of them is left out: the booking counts, and asks for another one.
    """
    if all(each.document is None for each in travellers):
        return ()
    found = [(await ports.bus.current(stream_kinds.FLIGHT, each))[0] for each in flight_ids]
    flights = [each for each in found if each is not None]
    return tuple(
        [
            BookedDocument(
                index,
                ports.vault.seal(passenger.name.subject, _encode(traveller.document)),
                findings,
            )
            for index, (traveller, passenger) in enumerate(zip(travellers, passengers, strict=True))
            if traveller.document is not None
            and (findings := _findings(ports, traveller.document, passenger, flights)) is not None
        ]
    )


def record(context: DecisionContext, booking_id: str, documents: Sequence[BookedDocument]) -> None:
    """Record the documents in the append that makes the booking."""
    for each in documents:
        recorded = passenger_details.record_document(
            journey.load(context, booking_id),
            passenger=each.passenger,
            document=each.document,
            findings=each.findings,
        )
        context.record(booking_id, recorded)


def _findings(
    ports: BookingPorts, document: TravelDocument, passenger: Passenger, flights: Sequence[Flight]
) -> DocumentFindings | None:
    """Return what the document lacks; None where it does for no flight.

    The age is that of the booking, which was judged by the same birth date.
    """
    problems = [
        problem
        for segment, flight in enumerate(flights)
        if (
            problem := travel_documents.problem_on(
                document, sector_of(flight, ports.airports), segment=segment
            )
        )
    ]
    if len(problems) == len(flights):
        return None
    return DocumentFindings(
        under_guardian_age=passenger.under_guardian_age, problems=tuple(problems)
    )
