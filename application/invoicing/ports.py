"""What the use cases of tax documents need from outside."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from application.commands.bus import CommandBus
from application.ports import Clock, Vault
from application.pricing.fare_conditions import FareConditions
from application.queries import DocumentsOfMonth
from domain.invoicing.events import ReportStatus, TaxDocumentIssued
from domain.invoicing.parties import Buyer, Seller
from domain.invoicing.rates import TaxRate

TaxRates = Callable[[str, dt.date], TaxRate | None]
"""The rate of a currency on a day; None where none is known."""


class ReportAnswer(msgspec.Struct, frozen=True):
    """What the tax authority answered; `code` says why it rejected the document."""

    status: ReportStatus
    code: str | None = None


class InvoiceReporting(Protocol):
    """Signs documents and reports them to the tax authority. A repeat of a number is answered
    as before.
    """

    async def report(self, document: TaxDocumentIssued, xml: bytes) -> ReportAnswer:
        """Report a simplified document, or have a standard one cleared.

        Raises Unavailable when the authority does not answer.
        """
        ...


class SoldFare(msgspec.Struct, frozen=True):
    """The fare of a flight, by its stream, with the conditions that it was sold under."""

    flight: str
    fare_class: str
    conditions: FareConditions


class ReceiptPrinter(Protocol):
    """Draws a tax document in Arabic and English. Takes tens of milliseconds of CPU: call it in a
    thread, not on the loop.
    """

    def pdf(
        self, document: TaxDocumentIssued, buyer: Buyer | None, sold: Sequence[SoldFare] = ()
    ) -> bytes:
        """A page of A4, and one for the conditions of what was `sold`, if anything was.

        `buyer` is None for a simplified document, and once erased.
        """
        ...


class IssuingPorts(msgspec.Struct, frozen=True):
    """What issuing documents needs."""

    bus: CommandBus
    vault: Vault
    seller: Seller
    rates: TaxRates
    clock: Clock


class InvoicingPorts(msgspec.Struct, frozen=True):
    """What the routes of tax documents need."""

    issuing: IssuingPorts
    receipts: ReceiptPrinter
    documents_of_month: DocumentsOfMonth
