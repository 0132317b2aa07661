"""Issue the tax documents that a booking lacks: those of all its events, in their order.

It follows the log and never delays a ticket. A repeat finds nothing to do, and one that was missed
is made up for by the next: each event of a booking has its documents once.
"""

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from application.booking.access import visible_booking
from application.booking.ports import BookingPorts
from application.caller import Caller
from application.commands import follow_up, stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.invoicing.ports import IssuingPorts
from application.invoicing.price_changes import drafts_of
from application.invoicing.ubl import document_hash
from application.ports import RecordedEvent, Unavailable, Vault
from domain.booking.division_events import BookingDividedOff
from domain.booking.fold import evolve
from domain.booking.state import Booking
from domain.invoicing import filing, numbering, rejections
from domain.invoicing.events import TaxDocumentIssued
from domain.invoicing.filing import Draft, Issue
from domain.invoicing.parties import Buyer, Seller
from domain.invoicing.rates import RIYAL, TaxRate
from domain.invoicing.state import Series, TaxFile
from domain.kernel import ids, sealed
from domain.kernel.entries import accounting_day

# The buyer may be named, or named anew, while the invoice is being made.
ATTEMPTS = 3
# A booking may be divided off one that was itself divided off.
DIVISIONS = 9


Submit = Callable[[str, Command], Awaitable[None]]
"""Submits a command under the id of a step: the same step is carried out once."""


class NoTaxRate(Exception):
    """No rate into riyals is known for the currency: the setting lacks it."""


class BuyerOf(msgspec.Struct, frozen=True):
    """The sealed buyer of a booking, and what it opens to; None where the person was erased."""

    box: sealed.Sealed | None = None
    opened: Buyer | None = None


class IssueTaxDocuments(Command, frozen=True):
    """Issue these documents of the booking, but those of causes that have theirs.

    `invoice` is the one of another booking, from which this one was divided.
    """

    booking_id: str
    drafts: tuple[Draft, ...]
    seller: Seller
    rate: TaxRate | None
    buyer: BuyerOf
    invoice: TaxDocumentIssued | None = None

    @property
    def streams(self) -> tuple[str, ...]:
        """The documents of the booking; the month follows from the instant of the decision."""
        return (ids.tax_documents_stream(self.booking_id),)

    def decide(self, context: DecisionContext) -> Reply:
        """Record each document with its number; rejects nothing."""
        (stream,) = self.streams
        file = context.load(stream_kinds.TAX_DOCUMENTS, stream) or TaxFile()
        if self._buyer_of(file) != self.buyer.box:
            return Reply(stream)
        done = file.last_cause
        for draft in self.drafts:
            if draft.cause > done:
                self._issue(context, stream, draft)
        return Reply(stream)

    def _buyer_of(self, file: TaxFile) -> sealed.Sealed | None:
        return file.buyer if self.invoice is None else self.invoice.buyer

    def _issue(self, context: DecisionContext, stream: str, draft: Draft) -> None:
        file = context.load(stream_kinds.TAX_DOCUMENTS, stream) or TaxFile()
        month, series = _series(context)
        invoice = file.invoice or self.invoice
        document = filing.issue(
            file,
            draft,
            Issue(
                seller=self.seller,
                rate=self.rate if invoice is None else invoice.rate,
                buyer=None if self.buyer.opened is None else self.buyer.box,
                uuid=str(uuid.UUID(bytes=context.random_bytes(16), version=4)),
                now=context.now,
                refers_to=None if invoice is None else invoice.number,
            ),
            counters=series.counters,
            hash_of=lambda made: document_hash(made, self.buyer.opened),
        )
        context.record(stream, [document])
        context.record(month, [numbering.numbered(series, document, booking=self.booking_id)])


def _series(context: DecisionContext) -> tuple[str, Series]:
    """Return the stream of the month and its numbers; opened where it is the first document.

    The clock of another process may be ahead: once a month has begun none goes into the last one.
    """
    month = numbering.month_of(context.now)
    ahead = numbering.next_month(month)
    names = {each: ids.tax_series_stream(each) for each in (month, ahead)}
    known = context.load_all(stream_kinds.TAX_SERIES, list(names.values()))
    if known[names[ahead]] is not None:
        month = ahead
    stream = names[month]
    if known[stream] is None:
        context.record(stream, [numbering.open_series(_last(context, month), month=month)])
    series = context.load(stream_kinds.TAX_SERIES, stream)
    assert series is not None, "it was opened"
    return stream, series


def _last(context: DecisionContext, month: str) -> Series | None:
    streams = [ids.tax_series_stream(each) for each in numbering.months_before(month)]
    known = context.load_all(stream_kinds.TAX_SERIES, streams)
    return next((series for stream in streams if (series := known[stream]) is not None), None)


async def issue_documents(ports: IssuingPorts, booking: str, submit: Submit) -> None:
    """Issue what the booking lacks, after the documents of the booking it was divided from.

    Raises Unavailable, and NoTaxRate where the currency has no rate.
    """
    history, invoice = await ports.bus.history(booking), None
    source = _source(history)
    if source is not None:
        invoice = await _invoice_of(ports, source, submit, left=DIVISIONS)
    await _issue(ports, booking, history, invoice, submit)


async def issue_missing(
    booking_ports: BookingPorts, ports: IssuingPorts, caller: Caller, id_or_reference: str
) -> int:
    """Issue what a booking lacks for staff; return how many documents it has.

    Rejects BookingNotFound and RateMissing; raises Unavailable.
    """
    booking_id, _ = await visible_booking(booking_ports, caller.principal, id_or_reference)

    async def submit(step: str, command: Command) -> None:
        await ports.bus.submit(follow_up.envelope(caller.cause, step, command))

    try:
        await issue_documents(ports, booking_id, submit)
    except NoTaxRate as missing:
        raise rejections.RateMissing(currency=str(missing)) from None
    return len((await file_of(ports, booking_id)).documents)


async def _invoice_of(
    ports: IssuingPorts, booking: str, submit: Submit, *, left: int
) -> TaxDocumentIssued | None:
    """Return the invoice that notes of the booking refer to, issued where it is missing."""
    file = await file_of(ports, booking)
    if file.invoice is not None:
        return file.invoice
    history = await ports.bus.history(booking)
    source = _source(history)
    if source is not None and left:
        return await _invoice_of(ports, source, submit, left=left - 1)
    await _issue(ports, booking, history, None, submit)
    return (await file_of(ports, booking)).invoice


def _source(history: Sequence[RecordedEvent]) -> str | None:
    """Return the booking that this one was divided from."""
    first = history[0].event if history else None
    return first.source if isinstance(first, BookingDividedOff) else None


async def _issue(
    ports: IssuingPorts,
    booking: str,
    history: Sequence[RecordedEvent],
    invoice: TaxDocumentIssued | None,
    submit: Submit,
) -> None:
    drafts = drafts_of(history, outside=await _outside(ports, history))
    for attempt in range(1, ATTEMPTS + 1):
        file = await file_of(ports, booking)
        left = tuple(draft for draft in drafts if draft.cause > file.last_cause)
        if not left:
            return
        buyer = await buyer_of(ports.vault, file.buyer if invoice is None else invoice.buyer)
        command = IssueTaxDocuments(
            booking_id=booking,
            drafts=left,
            seller=ports.seller,
            rate=_rate(ports, left[0].currency, ports.clock()),
            buyer=buyer,
            invoice=invoice,
        )
        await submit(f"tax_documents:{left[0].cause}:{left[-1].cause}:{attempt}", command)
    raise Unavailable("tax documents of a booking whose buyer changes")


def _rate(ports: IssuingPorts, currency: str, now: dt.datetime) -> TaxRate | None:
    if currency == RIYAL:
        return None
    rate = ports.rates(currency, accounting_day(now))
    if rate is None:
        raise NoTaxRate(currency)
    return rate


async def _outside(ports: IssuingPorts, history: Sequence[RecordedEvent]) -> frozenset[str]:
    """Return the flights of the booking, at any time, that stay within another country."""
    names: set[str] = set()
    booking: Booking | None = None
    for recorded in history:
        booking = evolve(booking, recorded.event)  # type: ignore[arg-type]  # a booking's stream
        names.update(segment.flight for segment in booking.segments)
    flights = await ports.bus.current_all(stream_kinds.FLIGHT, names)
    return frozenset(
        name
        for name, (flight, _) in flights.items()
        if flight is not None and flight.domestic and not flight.at_home
    )


async def file_of(ports: IssuingPorts, booking: str) -> TaxFile:
    """Return the tax documents of a booking as the log has them now."""
    stream = ids.tax_documents_stream(booking)
    return (await ports.bus.current(stream_kinds.TAX_DOCUMENTS, stream))[0] or TaxFile()


async def buyer_of(vault: Vault, box: sealed.Sealed | None) -> BuyerOf:
    """Open the sealed buyer."""
    if box is None:
        return BuyerOf()
    (known,) = await vault.open_all([box])
    return BuyerOf(box, None if known is None else msgspec.json.decode(known, type=Buyer))
