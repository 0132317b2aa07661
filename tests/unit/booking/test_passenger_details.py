"""Travel documents: recorded, already recorded, and rejected."""

from domain.booking import rejections
from domain.booking.events import DocumentRecorded
from domain.booking.fold import evolve
from domain.booking.passenger_details import record_document
from domain.booking.state import Booking
from domain.kernel import sealed
from domain.kernel.events import DomainEvent
from tests.support import scenario
from tests.support.examples import CONFIRMED, PAID, RESERVED, draft

TICKETED = (draft(), RESERVED, PAID, CONFIRMED)
PASSPORT = sealed.Sealed("subject-0", b"passport")
RECORDED = DocumentRecorded(passenger=0, document=PASSPORT)


def given(*events: DomainEvent) -> scenario.Scenario[Booking]:
    return scenario.given(evolve, *events)


def test_a_travel_document_is_recorded_once_for_a_passenger_of_the_booking() -> None:
    given(*TICKETED).when(record_document, passenger=0, document=PASSPORT).then(RECORDED)
    given(*TICKETED, RECORDED).when(record_document, passenger=0, document=PASSPORT).then_nothing()
    outcome = given(*TICKETED).when(record_document, passenger=1, document=PASSPORT)
    outcome.then_rejected(rejections.NoSuchPart, passenger=1)
