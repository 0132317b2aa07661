"""The documents of one booking, and the buyer who asks for a standard invoice.

T3  The invoice, plus debit notes, less credit notes of a booking are its price as it is now.
"""

import datetime as dt
from collections.abc import Callable
from typing import assert_never

import msgspec
from msgspec.structs import replace

from domain.invoicing import numbering, rejections
from domain.invoicing.events import (
    BuyerRecorded,
    DocumentKind,
    DocumentReason,
    TaxDocumentIssued,
    TaxFileEvent,
)
from domain.invoicing.lines import TaxLine
from domain.invoicing.parties import Seller
from domain.invoicing.rates import TaxRate, in_riyals
from domain.invoicing.state import Counters, TaxFile
from domain.kernel import money, sealed


class Draft(msgspec.Struct, frozen=True):
    """A document without its number: what one event of a booking changes, in positive amounts."""

    kind: DocumentKind
    reason: DocumentReason
    cause: int
    supplied_on: dt.date
    currency: str
    lines: tuple[TaxLine, ...]


class Issue(msgspec.Struct, frozen=True):
    """What a document gets when it is issued, besides its draft.

    `refers_to` is the invoice of another booking, from which this one was divided; a booking's own
    goes before it.
    """

    seller: Seller
    rate: TaxRate | None
    buyer: sealed.Sealed | None
    uuid: str
    now: dt.datetime
    refers_to: str | None = None


def record_buyer(file: TaxFile | None, *, buyer: sealed.Sealed) -> list[TaxFileEvent]:
    """Name the buyer, or another one, before the invoice is issued. Rejects InvoiceIssued."""
    if file is not None and file.documents:
        raise rejections.InvoiceIssued()
    if file is not None and file.buyer == buyer:
        return []
    return [BuyerRecorded(buyer=buyer)]


def issue(
    file: TaxFile,
    draft: Draft,
    issue: Issue,
    *,
    counters: Counters,
    hash_of: Callable[[TaxDocumentIssued], str],
) -> TaxDocumentIssued:
    """Make the next document of the booking on these counters (T1, T2, T5)."""
    invoice = file.invoice
    numberless = TaxDocumentIssued(
        number=numbering.next_number(counters, draft.kind),
        uuid=issue.uuid,
        kind=draft.kind,
        reason=draft.reason,
        cause=draft.cause,
        issued_at=issue.now.replace(microsecond=0),
        supplied_on=draft.supplied_on,
        currency=draft.currency,
        lines=draft.lines,
        vat_in_riyals=_vat_in_riyals(file, draft, issue.rate),
        seller=issue.seller,
        counter=counters.counter + 1,
        previous_hash=counters.hash,
        hash="",
        refers_to=None
        if draft.kind == "invoice"
        else (invoice.number if invoice is not None else issue.refers_to),
        rate=issue.rate,
        buyer=issue.buyer,
    )
    return replace(numberless, hash=hash_of(numberless))


def _vat_in_riyals(file: TaxFile, draft: Draft, rate: TaxRate | None) -> int:
    """Return the tax of the draft in halalas.

    It is the difference of rounded sums, so that all documents of a booking together are rounded
    once, and a full credit takes back what the invoice had.
    """
    signs: dict[DocumentKind, int] = {"invoice": 1, "debit_note": 1, "credit_note": -1}
    before = sum(signs[each.kind] * each.vat for each in file.documents)
    sign = signs[draft.kind]
    after = before + sign * sum(line.vat for line in draft.lines)
    amounts = [in_riyals(money.Money(each, draft.currency), rate) for each in (before, after)]
    return sign * (amounts[1] - amounts[0])


def evolve(file: TaxFile | None, event: TaxFileEvent) -> TaxFile:
    """The documents of the booking after the event."""
    before = file or TaxFile()
    match event:
        case BuyerRecorded():
            return replace(before, buyer=event.buyer)
        case TaxDocumentIssued():
            return replace(before, documents=(*before.documents, event))
        case _:
            assert_never(event)
