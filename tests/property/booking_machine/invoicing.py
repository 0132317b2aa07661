"""Tax documents of the machine: issued at any time by either process, named buyers, reports.

At the end every booking has its documents, and they are what the books and the price say.
"""

from collections import Counter
from typing import Any

from hypothesis.stateful import rule

from application.invoicing.issue_documents import BuyerOf, IssueTaxDocuments
from application.invoicing.price_changes import REASONS, changed_lines, drafts_of
from application.invoicing.record_buyer import RecordTaxBuyer
from application.invoicing.report_documents import RecordTaxReport
from domain.booking import fold
from domain.booking.division_events import BookingDividedOff
from domain.booking.events import BookingConfirmed
from domain.invoicing.events import DocumentNumbered, TaxDocumentIssued
from domain.invoicing.state import FIRST_HASH
from domain.kernel import ids
from domain.kernel.entries import accounting_day
from domain.kernel.sealed import Sealed
from domain.ledger import accounts
from domain.ledger.division import DIVISION_RULE
from tests.property.booking_machine.machine import PROCESSES, WHICH, World
from tests.property.booking_machine.refunds import Back
from tests.support.tax_documents import BUYER, RATES, SELLER, SIGNS

# What a booking was sold for and what was kept of it, as liability or revenue.
PRICE = (
    accounts.AIR_TRAFFIC_LIABILITY,
    accounts.ANCILLARY_LIABILITY,
    accounts.VAT_OUTPUT,
    accounts.AIRPORT_CHARGES,
    accounts.PASSENGER_REVENUE,
    accounts.ANCILLARY_REVENUE,
    accounts.BREAKAGE,
    accounts.CANCELLATION_FEES,
    accounts.COMPENSATION,
)


class Invoiced(Back):
    """Tax documents follow bookings; nobody waits for them."""

    @rule(process=PROCESSES, which=WHICH)
    def issue_tax_documents(self, process: int, which: int) -> None:
        """What some booking lacks."""
        if self.bookings:
            self._issue(process, self.bookings[-1 - which % len(self.bookings)])

    @rule(process=PROCESSES, which=WHICH)
    def name_a_business(self, process: int, which: int) -> None:
        """Before the invoice, or too late."""
        if self.bookings:
            booking = self.bookings[-1 - which % len(self.bookings)]
            box = Sealed(f"sub_{booking}", b"\x00" * 40)
            self.submit(process, RecordTaxBuyer(booking, box))

    @rule(process=PROCESSES, which=WHICH)
    def report_a_document(self, process: int, which: int) -> None:
        """The authority has answered."""
        months = [each for each in self.log.streams if each.startswith("taxseries-")]
        waiting = [
            (month.removeprefix("taxseries-"), number)
            for month in months
            for number, _ in sorted(self.log.state(month).unreported.items())
        ]
        if waiting:
            month, number = waiting[which % len(waiting)]
            self.submit(process, RecordTaxReport(month, number, "reported"))

    def _issue(self, process: int, booking: str) -> TaxDocumentIssued | None:
        """Issue what the booking lacks; the invoice that its notes refer to."""
        history = self.log.streams[booking]
        first, invoice = history[0].event, None
        if isinstance(first, BookingDividedOff):
            invoice = self._issue(process, first.source)
        drafts = drafts_of(history, outside=())
        file = self.log.state(ids.tax_documents_stream(booking))
        box = (file.buyer if file else None) if invoice is None else invoice.buyer
        currency = self.booking(booking).currency
        day = accounting_day(self.clock())
        command = IssueTaxDocuments(
            booking_id=booking,
            drafts=tuple(drafts),
            seller=SELLER,
            rate=None if currency == "SAR" else RATES(currency, day),
            buyer=BuyerOf(box, None if box is None else BUYER),
            invoice=invoice,
        )
        self.submit(process, command)
        file = self.log.state(ids.tax_documents_stream(booking))
        return (file.invoice if file else None) or invoice

    def teardown(self) -> None:
        """Every booking gets what it lacks; then all documents are compared with the books."""
        for number, booking in enumerate(self.bookings):
            self._issue(number % 2, booking)
            self._check_documents(booking)
            self._check_lines(booking)
        self._check_numbers()
        super().teardown()

    def _check_documents(self, booking: str) -> None:
        """Totals are the price that is kept, and the tax is that of account 2300 (T3)."""
        posted: Counter[str] = Counter()
        sold = False
        for recorded in self.log.streams[booking]:
            sold = sold or isinstance(recorded.event, BookingConfirmed | BookingDividedOff)
            entry = getattr(recorded.event, "entry", None)
            if entry is None or not sold or entry.rule == DIVISION_RULE:
                continue
            for posting in entry.postings:
                posted[posting.account] -= posting.amount
        file = self.log.state(ids.tax_documents_stream(booking))
        documents = file.documents if file else ()
        sums: Counter[str] = Counter()
        for document in documents:
            sign = SIGNS[document.kind]
            sums["vat"] += sign * document.vat
            sums["total"] += sign * document.total
            for line in document.lines:
                assert min(line.net, line.vat) >= 0, document
                assert line.vat == 0 or line.category == "S", document
            World.tally[f"document {document.reason} {document.kind}"] += 1
        assert sums["vat"] == posted[accounts.VAT_OUTPUT], booking
        assert sums["total"] == sum(posted[each] for each in PRICE), booking

    def _check_lines(self, booking: str) -> None:
        """No amount of an entry is left over that no coupon, extra, fee or charge explains."""
        state: Any = None
        for recorded in self.log.streams[booking]:
            before, event = state, recorded.event
            state = fold.evolve(before, event)  # type: ignore[arg-type]  # a booking's stream
            entry = getattr(event, "entry", None)
            if entry is None or type(event) not in REASONS or before is None or not before.tickets:
                continue
            lines = changed_lines(before, state, entry, outside=())
            assert [each for each in lines if each.kind == "difference"] == [], (booking, event)

    def _check_numbers(self) -> None:
        """No gap and no repetition, and each document has the hash of the one before (T1, T2)."""
        numbered = [r.event for r in self.log.events if isinstance(r.event, DocumentNumbered)]
        assert [each.counter for each in numbered] == list(range(1, len(numbered) + 1))
        for kind in SIGNS:
            numbers = [int(each.number[-6:]) for each in numbered if each.kind == kind]
            assert numbers == list(range(1, len(numbers) + 1))
        issued = {
            r.event.number: r.event
            for r in self.log.events
            if isinstance(r.event, TaxDocumentIssued)
        }
        assert len(issued) == len(numbered)
        before = FIRST_HASH
        for each in numbered:
            assert issued[each.number].previous_hash == before
            before = each.hash
