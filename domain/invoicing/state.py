"""The states of both streams: the documents of a booking, and the numbers of a month."""

import base64
import hashlib

import msgspec

from domain.invoicing.events import DocumentKind, TaxDocumentIssued
from domain.kernel import sealed
from domain.kernel.frozen_map import FrozenMap

# The hash before the first document (ZATCA): of the text `0`, its hexadecimal digits in base64.
FIRST_HASH = base64.b64encode(hashlib.sha256(b"0").hexdigest().encode()).decode()


class TaxFile(msgspec.Struct, frozen=True):
    """The documents of one booking in order, and the sealed buyer where there is one."""

    documents: tuple[TaxDocumentIssued, ...] = ()
    buyer: sealed.Sealed | None = None

    @property
    def invoice(self) -> TaxDocumentIssued | None:
        """The invoice that the notes change."""
        return next((each for each in self.documents if each.kind == "invoice"), None)

    def document(self, number: str) -> TaxDocumentIssued | None:
        """The document of this number."""
        return next((each for each in self.documents if each.number == number), None)

    @property
    def last_cause(self) -> int:
        """The version of the last event of the booking that has its documents."""
        return max((each.cause for each in self.documents), default=0)


class Counters(msgspec.Struct, frozen=True):
    """Where the numbers are: of all documents ever, and of each kind within the year."""

    year: int
    counter: int = 0
    hash: str = FIRST_HASH
    invoices: int = 0
    credit_notes: int = 0
    debit_notes: int = 0

    def last(self, kind: DocumentKind) -> int:
        """The last number of the kind within the year."""
        return {
            "invoice": self.invoices,
            "credit_note": self.credit_notes,
            "debit_note": self.debit_notes,
        }[kind]


class Series(msgspec.Struct, frozen=True):
    """The numbers of a month, and which of its documents the tax authority has not answered.

    `unreported` has the booking by number.
    """

    counters: Counters
    unreported: FrozenMap[str]
