"""Tax documents of the airline in memory: a seller, rates, and a runner that issues them."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from application.invoicing.issue_documents import BuyerOf, IssueTaxDocuments, issue_documents
from application.invoicing.ports import IssuingPorts, TaxRates
from application.invoicing.price_changes import drafts_of
from application.invoicing.record_buyer import RecordTaxBuyer
from domain.invoicing.events import TaxDocumentIssued
from domain.invoicing.parties import Address, Buyer, Seller
from domain.invoicing.rates import TaxRate
from domain.kernel import ids
from infrastructure.tax_authority.rates import RateTable
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import MemoryBus, ProcessRuns
from tests.support.memory_use_cases import MemoryVault
from tests.support.postgres_airline import PostgresAirline

ADDRESS = Address("طريق الملك فهد", "1234", "العليا", "الرياض", "12211")
SELLER = Seller("Rimal Air Company", "شركة طيران رمال", "300000000000003", "1010000000", ADDRESS)
BUYER = Buyer("شركة المثال & Sons <Ltd>", "311111111111113", ADDRESS)
RATES = RateTable(
    (
        TaxRate("KWD", 12_210_000, dt.date(2026, 1, 1), "SAMA"),
        TaxRate("JPY", 24_500, dt.date(2026, 1, 1), "SAMA"),
    )
)
SIGNS = {"invoice": 1, "debit_note": 1, "credit_note": -1}


class TaxRuns(ProcessRuns):
    """Processes that also issue tax documents; `vault` seals buyers."""

    def __init__(self, airline: MemoryAirline, *, rates: TaxRates = RATES) -> None:
        self.vault = MemoryVault()
        super().__init__(airline, issuing=lambda bus: self.issuing(bus, rates))

    def issuing(self, bus: MemoryBus, rates: TaxRates = RATES) -> IssuingPorts:
        """The ports on a bus."""
        return IssuingPorts(
            bus=bus,
            vault=self.vault,
            seller=SELLER,
            rates=rates,
            clock=self.airline.clock,
        )

    def name_buyer(self, booking: str, buyer: Buyer = BUYER) -> str:
        """Record a sealed buyer; the data subject."""
        subject, _ = self.vault.new_subject()
        box = self.vault.seal(subject, msgspec.json.encode(buyer))
        self.airline.submit(RecordTaxBuyer(booking, box))
        return subject

    async def documents(self, booking: str) -> Sequence[TaxDocumentIssued]:
        """The documents of a booking after everything that follows."""
        await self.to_the_end()
        return self.issued(booking)

    def issued(self, booking: str) -> Sequence[TaxDocumentIssued]:
        """The documents of a booking as they are."""
        file = self.airline.log.state(ids.tax_documents_stream(booking))
        return () if file is None else tuple(file.documents)


async def issue_now(runs: TaxRuns, booking: str) -> None:
    """Issue what the booking lacks as staff do, without the runner."""
    number = len(runs.airline.log.events)

    async def submit(step: str, command: object) -> None:
        runs.airline.submit(command)  # type: ignore[arg-type]  # any command
        assert step, number

    await issue_documents(runs.issuing(runs.bus), booking, submit)


def signed_sum(documents: Sequence[TaxDocumentIssued], field: str = "total") -> int:
    """The invoice, plus debit notes, less credit notes."""
    return sum(SIGNS[each.kind] * int(getattr(each, field)) for each in documents)


def posted(airline: MemoryAirline, booking: str, account: str) -> int:
    """What a booking has on an account, credit positive."""
    return -sum(
        posting.amount
        for recorded in airline.log.streams[booking]
        if (entry := getattr(recorded.event, "entry", None)) is not None
        for posting in entry.postings
        if posting.account == account
    )


async def issue_on_postgres(airline: PostgresAirline, booking: str) -> None:
    """Issue what a booking in riyals lacks, by a command of its own."""
    drafts = drafts_of(await airline.dispatcher.history(booking), outside=())
    await airline.submit(IssueTaxDocuments(booking, tuple(drafts), SELLER, None, BuyerOf()))
