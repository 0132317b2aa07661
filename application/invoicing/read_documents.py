"""The tax documents of a booking, as XML and PDF, and those of a month."""

import asyncio
import re
from collections.abc import Sequence

import msgspec

from application.booking.access import visible_booking
from application.booking.ports import BookingPorts
from application.commands import stream_kinds
from application.identity.ports import Principal
from application.invoicing import ubl
from application.invoicing.issue_documents import buyer_of
from application.invoicing.ports import InvoicingPorts, SoldFare
from application.policies.read_book import read_book
from application.pricing.fare_conditions import conditions_of_segments
from application.queries import AsOf, NumberedDocument
from domain.booking.events import BookingInitiated
from domain.invoicing import rejections
from domain.invoicing.events import TaxDocumentIssued
from domain.invoicing.state import TaxFile
from domain.kernel import ids

# What a route answers with.
TaxDocument = TaxDocumentIssued
FORMS = ("xml", "pdf")
MONTH = r"20[0-9]{2}-(0[1-9]|1[0-2])"


class DocumentPage(msgspec.Struct, frozen=True):
    """Documents by counter; `next_after` is the last counter of the page, None on the last one."""

    documents: Sequence[NumberedDocument]
    next_after: int | None
    as_of: AsOf


async def list_documents(
    ports: BookingPorts, principal: Principal, id_or_reference: str
) -> tuple[str, Sequence[TaxDocumentIssued]]:
    """Return the booking's id and its documents in order. Rejects BookingNotFound.

    A booking that was divided off another one has the notes since then; its invoice is the other
    booking's.
    """
    booking_id, _ = await visible_booking(ports, principal, id_or_reference)
    stream = ids.tax_documents_stream(booking_id)
    file = (await ports.bus.current(stream_kinds.TAX_DOCUMENTS, stream))[0] or TaxFile()
    return booking_id, file.documents


async def print_document(
    ports: BookingPorts,
    invoicing: InvoicingPorts,
    principal: Principal,
    id_or_reference: str,
    *,
    number: str,
    form: str,
) -> bytes:
    """Return one document as a file; the same one each time, until its buyer is erased.

    Rejects BookingNotFound and DocumentNotFound.
    """
    booking_id, documents = await list_documents(ports, principal, id_or_reference)
    document = next((each for each in documents if each.number == number), None)
    if document is None or form not in FORMS:
        raise rejections.DocumentNotFound()
    buyer = (await buyer_of(invoicing.issuing.vault, document.buyer)).opened
    if form == "xml":
        return ubl.xml(document, buyer)
    sold = () if document.kind != "invoice" else await _sold_fares(ports, booking_id)
    return await asyncio.to_thread(invoicing.receipts.pdf, document, buyer, sold)


async def _sold_fares(ports: BookingPorts, booking_id: str) -> tuple[SoldFare, ...]:
    """Return the fares of the flights as the booking was sold, whatever it was changed to since."""
    first = (await ports.bus.history(booking_id))[0].event
    assert isinstance(first, BookingInitiated), "a booking divided off another has no invoice"
    conditions = conditions_of_segments(await read_book(ports.bus), first.segments)
    return tuple(
        SoldFare(each.flight, each.fare_class, known)
        for each, known in zip(first.segments, conditions, strict=True)
    )


async def list_month(ports: InvoicingPorts, month: str, *, after: int, limit: int) -> DocumentPage:
    """Return the documents of a month (`2026-11`, in Riyadh) behind a counter.

    Rejects InvalidPeriod.
    """
    if re.fullmatch(MONTH, month) is None:
        raise rejections.InvalidPeriod(field="month", reason="a month such as 2026-11")
    found, as_of = await ports.documents_of_month(month, after=after, limit=limit + 1)
    page = found[:limit]
    return DocumentPage(page, page[-1].counter if len(found) > limit else None, as_of)
