"""All events of tax documents; the tags and fields are a storage contract.

Two kinds of stream: the documents of one booking, and the numbers of one month. A document and its
number are one append.
"""

import datetime as dt
from typing import ClassVar, Literal

from domain.invoicing.lines import TaxLine
from domain.invoicing.parties import Seller
from domain.invoicing.rates import TaxRate
from domain.kernel import sealed
from domain.kernel.events import DomainEvent

DocumentKind = Literal["invoice", "credit_note", "debit_note"]
ReportStatus = Literal["reported", "cleared", "rejected"]
# Why a document was issued.
DocumentReason = Literal[
    "sale",
    "cancellation",
    "modification",
    "no_show",
    "goodwill",
    "seat_lost",
    "extras",
    "extra_returned",
    "charged_back",
    "correction",
]


class BuyerRecorded(DomainEvent, frozen=True):
    """The booking is bought by a business that wants a standard invoice; `buyer` is sealed."""

    tag: ClassVar[str] = "taxdocuments.buyer_recorded.1"
    buyer: sealed.Sealed


class TaxDocumentIssued(DomainEvent, frozen=True, omit_defaults=True):
    """A tax document with all that it was made of (T5).

    `cause` is the version of the booking's event, `supplied_on` its accounting day. `counter`
    counts all documents (ICV), `previous_hash` and `hash` are SHA-256 of the XML in base64 (PIH).
    `vat_in_riyals` is the tax in halalas, at the `rate` where the currency is another one.
    `refers_to` is the number of the invoice that a note changes; `buyer` is sealed, of a standard
    document.
    """

    tag: ClassVar[str] = "taxdocuments.issued.1"
    number: str
    uuid: str
    kind: DocumentKind
    reason: DocumentReason
    cause: int
    issued_at: dt.datetime
    supplied_on: dt.date
    currency: str
    lines: tuple[TaxLine, ...]
    vat_in_riyals: int
    seller: Seller
    counter: int
    previous_hash: str
    hash: str
    refers_to: str | None = None
    rate: TaxRate | None = None
    buyer: sealed.Sealed | None = None

    @property
    def net(self) -> int:
        """The sum without tax, in minor units."""
        return sum(line.net for line in self.lines)

    @property
    def vat(self) -> int:
        """The tax, in minor units of the document's currency."""
        return sum(line.vat for line in self.lines)

    @property
    def total(self) -> int:
        """The sum with its tax, in minor units."""
        return self.net + self.vat

    @property
    def is_standard(self) -> bool:
        """Whether it names a buyer who is registered for value added tax."""
        return self.buyer is not None


TaxFileEvent = BuyerRecorded | TaxDocumentIssued


class SeriesOpened(DomainEvent, frozen=True):
    """The first document of a month follows; the counters go on from the last month that had one.

    `last_*` are the last numbers of `year`, which begin with 1 again in the next one.
    """

    tag: ClassVar[str] = "taxseries.opened.1"
    year: int
    counter: int
    hash: str
    last_invoice: int
    last_credit_note: int
    last_debit_note: int


class DocumentNumbered(DomainEvent, frozen=True):
    """A document of the booking has this number; `total` and `vat` in minor units, the tax also in
    halalas.
    """

    tag: ClassVar[str] = "taxseries.document_numbered.1"
    number: str
    kind: DocumentKind
    standard: bool
    counter: int
    hash: str
    booking: str
    issued_at: dt.datetime
    currency: str
    total: int
    vat: int
    vat_in_riyals: int


class DocumentReported(DomainEvent, frozen=True, omit_defaults=True):
    """The tax authority has answered about a document; `code` says why it rejected it."""

    tag: ClassVar[str] = "taxseries.document_reported.1"
    number: str
    status: ReportStatus
    answered_at: dt.datetime
    code: str | None = None


SeriesEvent = SeriesOpened | DocumentNumbered | DocumentReported
