"""The state of a booking, and the small steps that the folds of several capabilities share."""

import datetime as dt
from collections.abc import Callable, Container, Iterable

import msgspec
from msgspec.structs import replace

from domain.booking import coupons as coupon_rules
from domain.booking.coupons import Coupon, CouponStatus, Extra
from domain.booking.states import Status
from domain.booking.values import (
    CouponId,
    DisruptionKind,
    ExtrasOrder,
    Modification,
    NewTimes,
    Obligation,
    Passenger,
    Retaxed,
    Segment,
    Ticket,
)
from domain.kernel import entries, money, sealed
from domain.pricing.price import TAKES_SEAT, CouponPrice, ExtraPrice, Price


class Disruption(msgspec.Struct, frozen=True):
    """What the airline did to a segment, until the passengers answer or the segment is over.

    `agreed` are the times that the passengers last bought or accepted; None where unknown.
    """

    segment: int
    kind: DisruptionKind
    material: bool
    times: NewTimes | None = None
    agreed: NewTimes | None = None
    reminded: bool = False


class Closing(msgspec.Struct, frozen=True):
    """What the departure of a segment's flight did: `coupons` as they were before, the entries it
    `posted`, ids of the obligations, and the `disruptions` that were unanswered before.

    `departed_at` says which departure it was; None where that was not recorded. `left_fare` and
    `left_ancillary` are what of the entries has left for another booking with its passengers.
    """

    segment: int
    departed_at: dt.datetime | None = None
    coupons: tuple[Coupon, ...] = ()
    posted: tuple[entries.Entry, ...] = ()
    obligations: tuple[str, ...] = ()
    disruptions: tuple[Disruption, ...] = ()
    left_fare: int = 0
    left_ancillary: int = 0


class SpecialService(msgspec.Struct, frozen=True):
    """A service that a passenger needs on a segment: IATA's code, sealed in `box`.

    `code` where it was opened, or was stored by an earlier release.
    """

    passenger: int
    segment: int
    code: str = ""
    box: sealed.Sealed | None = None


class DividedOff(msgspec.Struct, frozen=True):
    """Passengers who have left for a booking of their own."""

    booking: str
    passengers: tuple[int, ...]


class ProposedRefund(msgspec.Struct, frozen=True):
    """A refund beyond the rules that a user of finance asked for and nobody else yet."""

    amount: money.Money
    by: str


class Booking(msgspec.Struct, frozen=True):
    """One booking: the journey, its coupons, what is due and what is owed.

    `hold_until` is the deadline of the draft, waitlist place or hold. `captured` is all money that
    was applied to the booking, `credited` the part of it that became travel credit.
    `modification` is accepted and not completed, `modification_paid` whether it is paid. The same
    holds of `extras_order`, which is there only without a modification, and has its deadline and
    its number, too. `refunded_extras` were returned by their passengers, one by one.
    `suspended_by` are intents at Stripe whose capture is contradicted, and `disputed_by` open
    disputes: while there is one, no coupon may be used. `charged_back` is what lost disputes have
    taken of what was captured, beside what they paid of `obligations`; in minor units.
    `payments` are those that refunds are drawn from, also the ones of the booking that it was
    `divided_from`. `was_cancelled` stays true once the refund has arrived and the status is
    `refunded`. `closings` are the departures of its segments that may still be found to be
    mistakes, and `withdrawn_obligation_count` how many obligations ended with such ones.
    `attached_to` is the user who has the booking beside its owner. `granted` is what finance has
    refunded beyond the rules, in minor units; `proposed_refund` waits for another person.
    `unextended_until` is the deadline that a hold had before it was extended.
    """

    status: Status
    owner: str
    segments: tuple[Segment, ...]
    passengers: tuple[Passenger, ...]
    contact: sealed.Sealed
    price: Price
    coupons: tuple[Coupon, ...]
    extras: tuple[Extra, ...] = ()
    hold_until: dt.datetime | None = None
    payments: tuple[str, ...] = ()
    captured: money.Money | None = None
    tickets: tuple[Ticket, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    credited: int = 0
    modification: Modification | None = None
    modification_until: dt.datetime | None = None
    modification_paid: bool = False
    modification_count: int = 0
    documents: tuple[sealed.Sealed | None, ...] = ()
    disruptions: tuple[Disruption, ...] = ()
    was_cancelled: bool = False
    refund_granted_in_full: bool = False
    sold_names: tuple[sealed.Sealed, ...] = ()
    requested_services: tuple[SpecialService, ...] = ()
    suspended_by: frozenset[str] = frozenset()
    disputed_by: frozenset[str] = frozenset()
    charged_back: int = 0
    closings: tuple[Closing, ...] = ()
    withdrawn_obligation_count: int = 0
    divided_from: str | None = None
    divided_into: tuple[DividedOff, ...] = ()
    attached_to: str | None = None
    granted: int = 0
    proposed_refund: ProposedRefund | None = None
    unextended_until: dt.datetime | None = None
    extras_order: ExtrasOrder | None = None
    refunded_extras: tuple[Extra, ...] = ()

    @property
    def awaits_change(self) -> bool:
        """Whether a modification or an order of extras is accepted and not completed."""
        return self.modification is not None or self.extras_order is not None

    @property
    def currency(self) -> str:
        """The one currency of the booking."""
        return self.price.currency

    @property
    def seat_count(self) -> int:
        """Seats that the whole party takes on a flight."""
        return sum([TAKES_SEAT[passenger.type] for passenger in self.passengers])

    @property
    def infant_count(self) -> int:
        """Infants of the whole party, who travel on laps."""
        return [passenger.type for passenger in self.passengers].count("INF")

    def flights(self) -> tuple[str, ...]:
        """Each flight once, in the order of the journey, a modification's new one last."""
        names = [segment.flight for segment in self.segments]
        if self.modification is not None:
            names.append(self.modification.to.flight)
        return tuple(dict.fromkeys(names))

    def price_now(self) -> Price:
        """What the booking costs after its modifications; a cancelled part counts as it was."""
        return Price(
            self.currency,
            tuple([each.price for each in self.coupons if each.status is not CouponStatus.DIVIDED]),
            tuple(
                [
                    ExtraPrice(each.code, each.passenger, each.segment, each.net, each.vat)
                    for each in self.extras
                ]
            ),
        )

    def amount_due(self) -> money.Money:
        """What a payment must capture now, to the minor unit; zero when nothing is due."""
        accepted = self.modification or self.extras_order
        if accepted is not None:
            return money.Money(0 if self.modification_paid else accepted.due, self.currency)
        if self.captured is not None:
            return money.Money(0, self.currency)
        return self.price.total()

    def payment_number(self) -> int:
        """Which amount due is being collected: the price is 1, each modification and each order of
        extras the next.
        """
        accepted = self.modification or self.extras_order
        return 1 if accepted is None else accepted.number + 1

    def coupon(self, passenger: int, segment: int) -> Coupon | None:
        """The coupon of a passenger on a segment."""
        for each in self.coupons:
            if each.passenger == passenger and each.segment == segment:
                return each
        return None

    def ticket_of(self, coupon: Coupon) -> str | None:
        """The number of the ticket that the coupon belongs to; None before tickets are issued."""
        if coupon.flown_ticket is not None:
            return coupon.flown_ticket
        return next((t.number for t in self.tickets if t.passenger == coupon.passenger), None)

    def open_coupons(self, segment: int | None = None) -> tuple[Coupon, ...]:
        """Coupons that are not final, of one segment or of all."""
        return tuple(
            [
                coupon
                for coupon in self.coupons
                if coupon.status not in coupon_rules.FINAL
                and (segment is None or coupon.segment == segment)
            ]
        )

    def special_services(self) -> tuple[SpecialService, ...]:
        """Return the requested services, without those of cancelled coupons."""
        if not self.requested_services:
            return ()
        return tuple(
            service
            for service in self.requested_services
            if (coupon := self.coupon(service.passenger, service.segment)) is not None
            and coupon.status not in coupon_rules.GONE
        )

    def owed(self) -> money.Money:
        """The sum of all obligations."""
        return money.total([each.amount for each in self.obligations], self.currency)


def coupon_key(coupon: Coupon) -> tuple[int, int]:
    """Passenger and segment: what identifies a coupon within its booking."""
    return (coupon.passenger, coupon.segment)


def coupon_ids(
    coupons: Iterable[Coupon], kept: Container[tuple[int, int]] = ()
) -> tuple[CouponId, ...]:
    """The coupons as events name them; `kept` are those whose authorities keep what they may."""
    return tuple(
        CouponId(
            each.passenger,
            each.segment,
            (coupon_key(each) in kept and each.unrefundable_charge) or msgspec.UNSET,
        )
        for each in coupons
    )


def with_coupons(
    booking: Booking, wanted: Container[tuple[int, int]], step: Callable[[Coupon], Coupon]
) -> Booking:
    """The booking after the step was applied to the coupons of these keys."""
    coupons = tuple(step(each) if coupon_key(each) in wanted else each for each in booking.coupons)
    return replace(booking, coupons=coupons)


def with_status(booking: Booking, wanted: Iterable[CouponId], status: CouponStatus) -> Booking:
    """The booking after these coupons got the status; its own status is not changed."""
    kept = {(each.passenger, each.segment): each.kept for each in wanted}
    return with_coupons(
        booking,
        kept,
        lambda coupon: replace(coupon, status=status, kept=kept[coupon_key(coupon)]),
    )


def with_values(booking: Booking, retaxed: Retaxed) -> Booking:
    """The booking with new values of these coupons and extras, and what they owe of a fee."""
    if not retaxed.coupons and not retaxed.extras:
        return booking
    fee = money.Money(retaxed.owed_fee, booking.currency)
    owed = money.split(fee, [1] * len(retaxed.coupons)) if retaxed.coupons else []
    values = {
        (each.passenger, each.segment): (each, part.amount)
        for each, part in zip(retaxed.coupons, owed, strict=True)
    }
    taxes = {(each.code, each.passenger, each.segment): each.vat for each in retaxed.extras}
    return replace(
        booking,
        coupons=tuple(
            _retaxed(each, *values[key]) if (key := coupon_key(each)) in values else each
            for each in booking.coupons
        ),
        extras=tuple(
            _with_vat(each, vat)
            if (vat := taxes.get((each.code, each.passenger, each.segment))) is not None
            else each
            for each in booking.extras
        ),
    )


def _with_vat(extra: Extra, vat: int) -> Extra:
    return replace(extra, vat=vat, sold_vat=extra.vat if extra.sold_vat is None else extra.sold_vat)


def _retaxed(coupon: Coupon, new: CouponPrice, owed_fee: int) -> Coupon:
    return replace(
        coupon,
        fare=new.fare,
        vat=new.vat,
        charge=new.charge,
        charges=new.charges,
        priced=coupon.priced or coupon.price,
        owed_fee=coupon.owed_fee + owed_fee,
    )


def rolled_up(booking: Booking) -> Booking:
    """The booking with the status that follows from its coupons (B6), and without disruptions of
    segments that have no open coupon any more.
    """
    status = coupon_rules.roll_up(booking.status, booking.coupons)
    if not booking.disruptions:
        return replace(booking, status=status)
    open_segments = {coupon.segment for coupon in booking.open_coupons()}
    left = tuple(each for each in booking.disruptions if each.segment in open_segments)
    return replace(booking, status=status, disruptions=left)


def obligations_with(booking: Booking, obligation: Obligation | None) -> tuple[Obligation, ...]:
    """The obligations of the booking and this one, if there is one."""
    return (*booking.obligations, obligation) if obligation is not None else booking.obligations
