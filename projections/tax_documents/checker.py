"""Compares the rows with the log and with the domain's own fold of every month."""

from collections.abc import Iterator

from application.commands import stream_kinds
from domain.invoicing import numbering
from domain.invoicing.events import DocumentNumbered, DocumentReported
from domain.invoicing.state import Series
from domain.kernel import ids
from projections import reading, rows
from projections.projection import Cursor
from projections.tax_documents.projector import (
    TABLE,
    WAITING,
    DocumentRow,
    document_key,
    numbered_row,
)


def differences(cursor: Cursor, log: reading.Log) -> Iterator[str]:
    """Yield differences in words; requires the generation entered and the snapshot fixed."""
    months: dict[str, Series] = {}
    expected: dict[str, DocumentRow] = {}
    for logged in log.with_tags_of(stream_kinds.TAX_SERIES).events(cursor):
        event = logged.event
        months[logged.stream] = numbering.evolve(months.get(logged.stream), event)  # type: ignore[arg-type]  # of a series
        if isinstance(event, DocumentNumbered):
            row = numbered_row(logged.stream, event)
            expected[row.document] = row
        if isinstance(event, DocumentReported):
            row = expected[document_key(logged.stream, event.number)]
            row.status, row.code = event.status, event.code
    found = {
        row.document: row
        for row in rows.load_all(cursor, TABLE, DocumentRow)
        if ids.tax_series_stream(row.month) not in log.parked
    }
    yield from reading.compare(expected, found)
    unanswered = {
        document_key(stream, number)
        for stream, series in months.items()
        for number, _ in series.unreported.items()
    }
    waiting = {document for document, row in found.items() if row.status == WAITING}
    for document in sorted(waiting ^ unanswered):
        yield f"{document}: only one of row and fold waits for the authority"
