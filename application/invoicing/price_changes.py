"""What the events of a booking change of its price, as drafts of tax documents.

T3  The invoice, plus debit notes, less credit notes of a booking are its price as it is now, and
    their tax is what the booking has on account 2300. So amounts are those of the events' entries;
    the values of coupons say only which category they belong to.

A division moves value between two bookings and changes no price: it has no document, and later
notes of the new booking refer to the invoice of the one that it left.
"""

from collections import Counter
from collections.abc import Container, Iterable, Sequence

import msgspec

from application.booking.cancellation_fee import charge_vat
from application.ports import RecordedEvent
from domain.booking import fold
from domain.booking.charge_back_events import CouponsVoided
from domain.booking.check_in_events import DepartureWithdrawn
from domain.booking.coupons import GONE, Coupon, CouponStatus
from domain.booking.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingEvent,
    CouponsCancelled,
    ModificationCompleted,
    PassengersMissed,
    RefundGranted,
)
from domain.booking.extras_events import ExtraRefunded, ExtrasIssued
from domain.booking.seat_events import SeatExtrasRefunded
from domain.booking.state import Booking
from domain.invoicing.events import DocumentKind, DocumentReason
from domain.invoicing.filing import Draft
from domain.invoicing.lines import Category, LineKind, TaxLine, credited_and_debited
from domain.kernel import money
from domain.kernel.entries import Entry
from domain.ledger import accounts
from domain.pricing.price import charge_lines
from domain.pricing.tax import VAT_PERCENT

REASONS: dict[type[BookingEvent], DocumentReason] = {
    BookingConfirmed: "sale",
    BookingCancelled: "cancellation",
    CouponsCancelled: "cancellation",
    ModificationCompleted: "modification",
    PassengersMissed: "no_show",
    RefundGranted: "goodwill",
    SeatExtrasRefunded: "seat_lost",
    ExtrasIssued: "extras",
    ExtraRefunded: "extra_returned",
    CouponsVoided: "charged_back",
    DepartureWithdrawn: "correction",
}
# What was sold, as liability or as revenue: what moves between these changes no price.
CARRIAGE = (
    accounts.AIR_TRAFFIC_LIABILITY,
    accounts.ANCILLARY_LIABILITY,
    accounts.PASSENGER_REVENUE,
    accounts.ANCILLARY_REVENUE,
    accounts.BREAKAGE,
)


def drafts_of(history: Iterable[RecordedEvent], *, outside: Container[str]) -> list[Draft]:
    """Return the documents of a booking in order; `outside` are flights within another country."""
    found: list[Draft] = []
    booking: Booking | None = None
    for recorded in history:
        before, event = booking, recorded.event
        booking = fold.evolve(before, event)  # type: ignore[arg-type]  # the stream of a booking
        entry: Entry | None = getattr(event, "entry", None)
        reason = REASONS.get(type(event))  # type: ignore[arg-type]  # as above
        if entry is None or reason is None or before is None:
            continue
        if reason != "sale" and not before.tickets:
            continue  # Paid and never ticketed: nothing was supplied.
        lines = (
            _sold(booking, outside)
            if reason == "sale"
            else changed_lines(before, booking, entry, outside=outside)
        )
        found += _drafts(lines, recorded.version, reason, entry, booking.currency)
    return found


def _drafts(
    lines: Sequence[TaxLine], cause: int, reason: DocumentReason, entry: Entry, currency: str
) -> list[Draft]:
    credited, debited = credited_and_debited(lines)
    added: DocumentKind = "invoice" if reason == "sale" else "debit_note"
    parts: tuple[tuple[DocumentKind, tuple[TaxLine, ...]], ...] = (
        ("credit_note", credited),
        (added, debited),
    )
    return [
        Draft(
            kind=kind,
            reason=reason,
            cause=cause,
            supplied_on=entry.effective_on,
            currency=currency,
            lines=part,
        )
        for kind, part in parts
        if part
    ]


def _sold(booking: Booking, outside: Container[str]) -> list[TaxLine]:
    """Return what was sold, by kind, category and flight."""
    sums: dict[tuple[LineKind, Category, str, str | None], list[int]] = {}
    for kind, category, flight, code, net, vat in _values(booking, outside):
        amounts = sums.setdefault((kind, category, flight, code), [0, 0])
        amounts[0] += net
        amounts[1] += vat
    return [
        TaxLine(kind, category, net, vat, flight, code)
        for (kind, category, flight, code), (net, vat) in sums.items()
    ]


def changed_lines(
    before: Booking, after: Booking, entry: Entry, *, outside: Container[str]
) -> list[TaxLine]:
    """Return what an event changes, by kind and category; negative where it takes back."""
    posted: Counter[str] = Counter()
    for posting in entry.postings:
        posted[posting.account] -= posting.amount
    lines = _difference(before, after, outside)
    vat = posted[accounts.VAT_OUTPUT] - sum(line.vat for line in lines)
    charge = posted[accounts.AIRPORT_CHARGES] - _net(lines, "charge")
    carriage = sum(posted[each] for each in CARRIAGE) - _net(lines, "fare", "extra")
    if fee := posted[accounts.CANCELLATION_FEES]:
        lines += _fee_lines(fee, vat, {line.category for line in lines if line.net < 0})
    elif charge or vat:
        # To a no-show: charges with their tax, while the coupon keeps its values.
        taxed = _returned_with_tax(before) - _returned_with_tax(after)
        lines.append(TaxLine("charge", "S", taxed, vat))
        lines.append(TaxLine("charge", "Z", charge - taxed, 0))
    lines.append(TaxLine("difference", "S" if vat else "Z", carriage, 0))
    lines.append(TaxLine("goodwill", "O", posted[accounts.COMPENSATION], 0))
    return [line for line in lines if line.net or line.vat]


def _returned_with_tax(booking: Booking) -> int:
    """Return the charges with value added tax that have gone back to no-shows."""
    missed = [each for each in booking.coupons if each.status is CouponStatus.MISSED]
    return sum(each.charge for each in missed if each.vat)


def _net(lines: Sequence[TaxLine], *kinds: LineKind) -> int:
    return sum(line.net for line in lines if line.kind in kinds)


def _difference(before: Booking, after: Booking, outside: Container[str]) -> list[TaxLine]:
    """Return what the values of coupons and extras changed."""
    sums: dict[tuple[LineKind, Category, str | None], list[int]] = {}
    for booking, sign in ((before, -1), (after, 1)):
        for kind, category, _, code, net, vat in _values(booking, outside):
            amounts = sums.setdefault((kind, category, code), [0, 0])
            amounts[0] += sign * net
            amounts[1] += sign * vat
    return [
        TaxLine(kind, category, net, vat, code=code)
        for (kind, category, code), (net, vat) in sums.items()
    ]


def _values(
    booking: Booking, outside: Container[str]
) -> Iterable[tuple[LineKind, Category, str, str | None, int, int]]:
    """Yield kind, category, flight, code, net and tax of what is sold and not cancelled, and of
    charges that authorities keep.
    """
    flights = [segment.flight for segment in booking.segments]
    kept = set()
    for coupon in booking.coupons:
        flight = flights[coupon.segment]
        category = _category(coupon.vat, flight, outside)
        if coupon.status in GONE:
            if coupon.kept_charge:
                for line in charge_lines(coupon.charge, coupon.charges):
                    if not line.refundable:
                        yield "charge", category, flight, line.code, line.amount, 0
            continue
        kept.add((coupon.passenger, coupon.segment))
        on_charge = charge_vat(coupon, booking.currency)
        yield "fare", category, flight, None, coupon.fare, coupon.vat - on_charge
        for code, charge, vat in _charges(coupon, money.Money(on_charge, booking.currency)):
            yield "charge", category, flight, code, charge, vat
    for extra in booking.extras:
        if (extra.passenger, extra.segment) in kept:
            flight = flights[extra.segment]
            category = _category(extra.vat, flight, outside)
            yield "extra", category, flight, None, extra.net, extra.vat


def _charges(coupon: Coupon, vat: money.Money) -> Iterable[tuple[str | None, int, int]]:
    """Yield code, net and tax of the charges of a coupon; no code for the charge of the launch."""
    if isinstance(coupon.charges, msgspec.UnsetType):
        yield None, coupon.charge, vat.amount
        return
    if coupon.charges:
        taxes = money.split(vat, [each.amount for each in coupon.charges])
        for line, share in zip(coupon.charges, taxes, strict=True):
            yield line.code, line.amount, share.amount


def _category(taxed: int, flight: str, outside: Container[str]) -> Category:
    if taxed:
        return "S"
    return "O" if flight in outside else "Z"


def _fee_lines(net: int, vat: int, cancelled: set[Category]) -> list[TaxLine]:
    """Return the fee that is kept, in the categories of what was cancelled.

    Of a fee for several categories the taxed part is what its tax implies.
    """
    if len(cancelled) == 1 and (not vat or cancelled == {"S"}):
        return [TaxLine("fee", next(iter(cancelled)), net, vat)]
    taxed = min(net, (2 * vat * 100 + VAT_PERCENT) // (2 * VAT_PERCENT))
    free: Category = "O" if "O" in cancelled and "Z" not in cancelled else "Z"
    return [TaxLine("fee", "S", taxed, vat), TaxLine("fee", free, net - taxed, 0)]
