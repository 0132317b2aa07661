"""The evidence for a dispute: from the log, with names for finance, and as pages."""

import datetime as dt

import pytest

from application.booking.answer_dispute import DisputePorts, print_evidence, read_evidence
from application.booking.check_in import Board, CheckIn
from application.booking.evidence import TEXT_LIMIT, Evidence, texts_of
from application.queries import ListedDispute
from domain.kernel import ids
from domain.payment import rejections
from infrastructure.evidence.printer import PdfEvidencePrinter
from tests.support.airline import payment_of
from tests.support.disputes import DUE_AT, Disputed
from tests.support.memory_use_cases import MemoryUseCases


class Case:
    """A booking whose passengers are on board, and a dispute about its payment."""

    def __init__(self, use_cases: MemoryUseCases, booking: str) -> None:
        self.use_cases = use_cases
        self.booking = booking
        airline = use_cases.airline
        airline.wait(days=1)
        airline.submit(CheckIn(booking, 0, None, channel="web"))
        airline.submit(Board(booking, 0, None))
        captured = airline.booking(booking).captured
        self.disputed = Disputed(airline, booking, amount=captured.amount)
        self.disputed.withdrawn()

    def listed(self) -> ListedDispute:
        """The row of the read model."""
        state = self.disputed.state
        return ListedDispute(
            booking=self.booking,
            dispute=state.id,
            payment=payment_of(self.booking),
            intent=state.intent,
            charge=state.charge,
            stage=state.stage,
            amount=state.amount.amount,
            currency=state.amount.currency,
            reason=state.reason,
            evidence_due_at=DUE_AT,
            submission_count=0,
            receivable=state.receivable,
            opened_at=dt.datetime(2026, 11, 21, tzinfo=dt.UTC),
        )

    def ports(self) -> DisputePorts:
        """Ports that find the one dispute."""

        async def find(dispute: str) -> ListedDispute | None:
            return self.listed() if dispute == "dp_1" else None

        return DisputePorts(
            booking=self.use_cases.ports,
            undecided=None,  # type: ignore[arg-type]  # nothing here asks for the list
            find=find,
            learner=None,  # type: ignore[arg-type]  # nothing is submitted
            printer=PdfEvidencePrinter(),
        )

    async def evidence(self) -> Evidence:
        """What is compiled."""
        return await read_evidence(self.ports(), "dp_1")


async def boarded() -> Case:
    """Two adults, on board."""
    use_cases = MemoryUseCases()
    flight = use_cases.airline.schedule("SV1", in_days=2)
    return Case(use_cases, await use_cases.ticketed(flight, "ADT", "ADT"))


async def test_evidence_has_ticket_use_letters_receipts_and_history_from_the_log() -> None:
    case = await boarded()
    evidence = await case.evidence()
    sections = {each.title: [fact.text for fact in each.facts] for each in evidence.sections}
    assert list(sections) == [
        "Journey",
        "Tickets",
        "Check-in and boarding",
        "Payments and refunds",
        "Letters sent",
        "History",
    ]
    booking = case.use_cases.airline.booking(case.booking)
    assert all(
        ticket.number in text
        for ticket, text in zip(booking.tickets, sections["Tickets"], strict=True)
    )
    assert "Noura Harbi" in sections["Tickets"][0]
    use = " ".join(sections["Check-in and boarding"])
    assert "booking.passengers_checked_in.1" in use
    assert "passenger 0 by web" in use
    assert "booking.passengers_boarded.1" in use
    assert sections["Letters sent"] == ["mail.booking_confirmed"]
    assert any(text.startswith("paid ") for text in sections["Payments and refunds"])
    assert (evidence.customer, evidence.email) == ("Noura Harbi", "noura@example.com")
    assert evidence.service_date == ids.flight_date(booking.segments[0].flight)


async def test_evidence_fits_the_texts_that_stripe_takes() -> None:
    case = await boarded()
    texts = texts_of(await case.evidence())
    assert texts["customer_name"] == "Noura Harbi"
    assert texts["service_date"] == "2026-11-22"
    assert "booking.passengers_boarded.1" in texts["access_activity_log"]
    assert all(0 < len(text) <= TEXT_LIMIT for text in texts.values())


async def test_evidence_without_the_erased_person_still_shows_ticket_and_use() -> None:
    case = await boarded()
    booking = case.use_cases.airline.booking(case.booking)
    for subject in {each.name.subject for each in booking.passengers}:
        case.use_cases.vault.erase(subject)
    evidence = await case.evidence()
    assert evidence.customer is None
    assert "customer_name" not in texts_of(evidence)
    assert "coupon status L" in evidence.sections[1].facts[0].text


async def test_evidence_as_pages_is_the_same_file_each_time() -> None:
    case = await boarded()
    first = await print_evidence(case.ports(), "dp_1")
    assert first.startswith(b"%PDF")
    assert first == await print_evidence(case.ports(), "dp_1")


async def test_there_is_no_evidence_for_an_unknown_dispute() -> None:
    case = await boarded()
    with pytest.raises(rejections.DisputeNotFound):
        await read_evidence(case.ports(), "dp_2")
