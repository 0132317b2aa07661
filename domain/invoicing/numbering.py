"""Gapless numbers and the chain of hashes of all documents of a month.

T1  Numbers of a series have no gap and no repetition; nor has the counter of all documents.
T2  Each document contains the hash of the one before it.

A month is one stream, so that its state is read in a moment; its first event carries the counters
over. The number is taken in the append of its document, so neither is there without the other.

Policy: numbers begin with 1 each year (INV-2026-000001), by the calendar of Riyadh.
"""

import datetime as dt
from collections.abc import Iterator
from typing import assert_never

from msgspec.structs import replace

from domain.invoicing.events import (
    DocumentKind,
    DocumentNumbered,
    DocumentReported,
    SeriesEvent,
    SeriesOpened,
    TaxDocumentIssued,
)
from domain.invoicing.state import Counters, Series
from domain.kernel.entries import accounting_day
from domain.kernel.frozen_map import FrozenMap

PREFIXES: dict[DocumentKind, str] = {"invoice": "INV", "credit_note": "CRN", "debit_note": "DBN"}
# How long an airline may sell nothing before the counters are not found any more.
MONTHS_BACK = 36


def month_of(instant: dt.datetime) -> str:
    """Return the calendar month in Riyadh as `2026-11`."""
    return accounting_day(instant).strftime("%Y-%m")


def next_month(month: str) -> str:
    """Return the month after this one."""
    first = dt.date.fromisoformat(f"{month}-01")
    return (first + dt.timedelta(days=31)).strftime("%Y-%m")


def months_before(month: str) -> Iterator[str]:
    """Yield MONTHS_BACK months, the latest first."""
    day = dt.date.fromisoformat(f"{month}-01")
    for _ in range(MONTHS_BACK):
        day = (day - dt.timedelta(days=1)).replace(day=1)
        yield day.strftime("%Y-%m")


def open_series(before: Series | None, *, month: str) -> SeriesOpened:
    """Begin a month with the counters of the last one that had a document; None is the first."""
    year = int(month[:4])
    counters = before.counters if before is not None else Counters(year)
    if counters.year != year:
        counters = Counters(year, counters.counter, counters.hash)
    return SeriesOpened(
        year=year,
        counter=counters.counter,
        hash=counters.hash,
        last_invoice=counters.invoices,
        last_credit_note=counters.credit_notes,
        last_debit_note=counters.debit_notes,
    )


def next_number(counters: Counters, kind: DocumentKind) -> str:
    """Return the number that the next document of the kind gets (T1)."""
    return f"{PREFIXES[kind]}-{counters.year}-{counters.last(kind) + 1:06d}"


def numbered(series: Series, document: TaxDocumentIssued, *, booking: str) -> DocumentNumbered:
    """Record the number of a document that was made on these counters (T1, T2)."""
    assert document.number == next_number(series.counters, document.kind)
    assert document.counter == series.counters.counter + 1
    assert document.previous_hash == series.counters.hash
    return DocumentNumbered(
        number=document.number,
        kind=document.kind,
        standard=document.is_standard,
        counter=document.counter,
        hash=document.hash,
        booking=booking,
        issued_at=document.issued_at,
        currency=document.currency,
        total=document.total,
        vat=document.vat,
        vat_in_riyals=document.vat_in_riyals,
    )


def evolve(series: Series | None, event: SeriesEvent) -> Series:
    """The numbers after the event."""
    match event:
        case SeriesOpened():
            counters = Counters(
                event.year,
                event.counter,
                event.hash,
                event.last_invoice,
                event.last_credit_note,
                event.last_debit_note,
            )
            return Series(counters, FrozenMap())
        case DocumentNumbered():
            assert series is not None, "a month begins with SeriesOpened"
            return Series(
                _counted(series.counters, event),
                series.unreported.put(event.number, event.booking),
            )
        case DocumentReported():
            assert series is not None, "a month begins with SeriesOpened"
            return replace(series, unreported=series.unreported.drop(event.number))
        case _:
            assert_never(event)


def _counted(counters: Counters, event: DocumentNumbered) -> Counters:
    return Counters(
        counters.year,
        event.counter,
        event.hash,
        counters.invoices + (event.kind == "invoice"),
        counters.credit_notes + (event.kind == "credit_note"),
        counters.debit_notes + (event.kind == "debit_note"),
    )
