"""One row for each tax document."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from domain.invoicing.events import DocumentNumbered, DocumentReported
from domain.kernel import ids
from projections import rows
from projections.projection import Cursor, LoggedEvent, Projection

TABLE = "tax_documents"
WAITING = "waiting"


class DocumentRow(msgspec.Struct):
    """A row of the table; `document` is month and number, amounts are in minor units.

    `status` is WAITING until the tax authority has answered; `code` is why it rejected.
    """

    document: str
    month: str
    number: str
    kind: str
    standard: bool
    counter: int
    hash: str
    booking: str
    issued_at: dt.datetime
    currency: str
    total: int
    vat: int
    vat_in_riyals: int
    status: str = WAITING
    code: str | None = None


def document_key(stream: str, number: str) -> str:
    """Return the key of a document by the stream of its month and its number."""
    return f"{ids.month_of_series(stream)}/{number}"


def numbered_row(stream: str, event: DocumentNumbered) -> DocumentRow:
    """Return the row of a document that waits for the authority."""
    return DocumentRow(
        document=document_key(stream, event.number),
        month=ids.month_of_series(stream),
        number=event.number,
        kind=event.kind,
        standard=event.standard,
        counter=event.counter,
        hash=event.hash,
        booking=event.booking,
        issued_at=event.issued_at,
        currency=event.currency,
        total=event.total,
        vat=event.vat,
        vat_in_riyals=event.vat_in_riyals,
    )


def apply(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
    """Add documents, and what the authority answered about them."""
    answered = {
        document_key(each.stream, each.event.number)
        for each in events
        if isinstance(each.event, DocumentReported)
    }
    known = {
        row.document: row for row in rows.load(cursor, TABLE, "document", answered, DocumentRow)
    }
    for logged in events:
        match logged.event:
            case DocumentNumbered():
                row = numbered_row(logged.stream, logged.event)
                known[row.document] = row
            case DocumentReported(number=number, status=status, code=code):
                row = known[document_key(logged.stream, number)]
                row.status, row.code = status, code
            case event:
                raise AssertionError(f"{event.tag} is not among the wanted events")
    rows.upsert(cursor, TABLE, ("document",), list(known.values()))


PROJECTION = Projection(
    name="tax_documents",
    event_types=(DocumentNumbered, DocumentReported),
    apply=apply,
    stops_on_poison=False,
)
