"""What is known of a booking, a flight and a payment: plain facts, in minor units of a currency.

Rule: nothing here knows an event's history; `tests.support.recount` adds the events up.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, get_args

import msgspec

from domain.booking import events as bookings
from domain.booking.check_in_events import DepartureWithdrawn
from domain.booking.coupons import Coupon as BookedCoupon
from domain.booking.states import Status
from domain.booking.values import CouponId, ExtrasOrder, Modification, Obligation, Retaxed
from domain.inventory import events as flights
from domain.inventory import seat_map
from domain.kernel import ids, money
from domain.payment import events as payments
from domain.payment.captures import ParkReason
from domain.payment.credit_part_events import CreditApplied, CreditPartReturned
from domain.pricing.price import TAKES_SEAT, CouponPrice, PassengerType
from tests.support.recounted_external_refunds import ExternalRefund

Block = tuple[str, str, str]
Seats = Counter[tuple[str, str, str, str]]


class Coupon(msgspec.Struct):
    """One passenger on one flight: worth in minor units, IATA status, seat, and what it sold.

    `kept` is what authorities keep of it, which is nothing or what is not refundable.
    """

    fare: int
    vat: int
    charge: int
    status: str = "O"
    seat: str | None = None
    keeps_seat: bool = True
    not_refundable: int = 0
    kept: int = 0

    @property
    def total(self) -> int:
        """All that was paid for it."""
        return self.fare + self.vat + self.charge


class Booking(msgspec.Struct):
    """One booking as a list of facts; money in minor units of its currency.

    `transferred` came with passengers from another booking, or went with them, then negative;
    `drawn_from` are the payments of that other booking.
    """

    currency: str
    party: tuple[PassengerType, ...]
    segments: list[Block]
    coupons: dict[tuple[int, int], Coupon]
    extras: list[tuple[int, int, int, int]]
    price: int
    status: Status = Status.INITIATED
    ticketed: bool = False
    paid: dict[str, int] = {}
    dues: int = 0
    modification: Modification | None = None
    modification_paid: bool = False
    obligations: list[Obligation] = []
    credits: int = 0
    fees: int = 0
    fee_vat: int = 0
    missed_back: int = 0
    missed_vat_back: int = 0
    unticketed_back: int = 0
    beyond: int = 0
    withdrawn: int = 0
    missed_by: dict[str, tuple[int, int]] = {}
    transferred: int = 0
    charged_back: int = 0
    spared: int = 0
    drawn_from: list[str] = []
    unoffered: set[int] = set()
    ordered: ExtrasOrder | None = None
    ordered_paid: bool = False
    documents: dict[str, tuple[int, int, int, int]] = {}

    def worth(self, keys: Iterable[tuple[int, int]]) -> tuple[int, int, int, int]:
        """Fare, extras, tax and charge of these coupons with what was sold beside them."""
        wanted = set(keys)
        coupons = [self.coupons[key] for key in wanted]
        extras = [each for each in self.extras if each[:2] in wanted]
        return (
            sum(coupon.fare for coupon in coupons),
            sum(net for _, _, net, _ in extras),
            sum(coupon.vat for coupon in coupons) + sum(vat for _, _, _, vat in extras),
            sum(coupon.charge for coupon in coupons),
        )

    def taxes(self) -> tuple[int, int]:
        """Tax of all coupons and extras, and charges of all coupons."""
        every = self.worth(self.coupons)
        return every[2], every[3]

    def keys(self, statuses: str, segment: int | None = None) -> list[tuple[int, int]]:
        """Coupons in one of these statuses."""
        return [
            key
            for key, coupon in self.coupons.items()
            if coupon.status in statuses and segment in {None, key[1]}
        ]

    def owed(self) -> int:
        """All that was promised back to cards."""
        return sum(each.amount.amount for each in self.obligations)

    def seats(self) -> Seats:
        """What it has now: (flight, cabin, class, `held` or `sold`) to seats."""
        found: Seats = Counter()
        if self.ticketed:
            for (passenger, segment), coupon in self.coupons.items():
                takes = TAKES_SEAT[self.party[passenger]] and coupon.keeps_seat
                found[(*self.segments[segment], "sold")] += takes
            if self.modification is not None:
                moving = self.keys("OCL", self.modification.segment)
                to = self.modification.to
                found[to.flight, to.cabin, to.fare_class, "held"] += self._count(moving)
        elif self.status in {Status.RESERVED, Status.PAID} and not self.unticketed_back:
            for segment, block in enumerate(self.segments):
                party = [(index, segment) for index in range(len(self.party))]
                found[(*block, "held")] += self._count(party)
        return +found

    def _count(self, keys: Iterable[tuple[int, int]]) -> int:
        return sum(TAKES_SEAT[self.party[passenger]] for passenger, _ in keys)


def coupon_of(each: CouponPrice | BookedCoupon, **more: Any) -> Coupon:
    """A coupon at these values; asserts that its charge is the sum of its lines."""
    lines = () if isinstance(each.charges, msgspec.UnsetType) else each.charges
    assert not lines or sum(line.amount for line in lines) == each.charge
    not_refundable = sum(line.amount for line in lines if not line.refundable)
    return Coupon(each.fare, each.vat, each.charge, not_refundable=not_refundable, **more)


def keep(booking: Booking, ended: Collection[CouponId]) -> int:
    """What authorities keep of these coupons: all that is not refundable, or nothing of one."""
    for each in ended:
        coupon = booking.coupons[each.passenger, each.segment]
        coupon.kept = 0 if isinstance(each.kept, msgspec.UnsetType) else each.kept
        assert coupon.kept in {0, coupon.not_refundable}
    return sum(booking.coupons[each.passenger, each.segment].kept for each in ended)


def of_missed(booking: Booking, ended: Collection[CouponId]) -> tuple[int, int]:
    """The charges of no-shows that go back, and the tax on them."""
    coupons = [booking.coupons[each.passenger, each.segment] for each in ended]
    assert keep(booking, ended) == sum(each.not_refundable for each in coupons)
    taxed = sum(each.charge for each in coupons if each.vat)
    on_charge = money.round_to_charge_step(taxed * 15, 100, booking.currency).amount
    return sum(each.charge - each.kept for each in coupons), on_charge


def reopen(booking: Booking, event: DepartureWithdrawn) -> None:
    """Coupons that a departure closed are as before, and what it promised is owed no more."""
    for each in event.coupons:
        coupon = booking.coupons[each.passenger, each.segment]
        assert (coupon.status, each.status) in {("F", "L"), ("Z", "C"), ("Z", "O")}
        coupon.status = each.status
        coupon.keeps_seat, coupon.kept = True, 0
        if each.segment != event.segment:
            assert each.status == "O"
            coupon.seat = None
    gone = event.withdrawn_obligations
    kept = [each for each in booking.obligations if each.id not in gone]
    assert len(booking.obligations) == len(kept) + len(gone)
    for name in gone:
        back, vat_back = booking.missed_by.pop(name)
        booking.missed_back -= back
        booking.missed_vat_back -= vat_back
    booking.obligations = kept
    booking.withdrawn += len(gone)


class Flight(msgspec.Struct):
    """One departure: maps of its cabins, who sits where, who waits."""

    layouts: dict[str, flights.CabinLayout]
    limits: list[tuple[str, str, int | None]]
    seated: dict[str, tuple[str, int]] = {}
    unreviewed: set[tuple[str, int, str]] = set()
    queue: list[str] = []
    over: str = ""
    sequences: list[int] = []
    restored: int = 0


def seat_numbers(flight: Flight) -> set[str]:
    """All seats of the map."""
    return {seat for layout in flight.layouts.values() for seat in seat_map.seats(layout)}


def seat(flight: Flight, booking: str, places: list[tuple[int, str]]) -> None:
    """Passengers of a booking sit in these seats, and no longer in others."""
    moving = {passenger for passenger, _ in places}
    for number, (who, passenger) in list(flight.seated.items()):
        if who == booking and passenger in moving:
            del flight.seated[number]
    known = seat_numbers(flight)
    for passenger, number in places:
        assert number in known, f"no seat {number}"
        assert number not in flight.seated, f"two people in {number}"
        flight.seated[number] = (booking, passenger)
    flight.unreviewed = {
        lost for lost in flight.unreviewed if not (lost[0] == booking and lost[1] in moving)
    }


class Payment(msgspec.Struct):
    """One amount due and the money that moved."""

    booking: str
    due: money.Money
    captured: dict[str, money.Money] = {}
    parked: dict[str, money.Money] = {}
    allocated: money.Money | None = None
    returned: dict[str, money.Money] = {}
    refunds: dict[str, payments.RefundRequested] = {}
    standing: dict[str, str] = {}
    transferred: set[str] = set()
    charged: dict[str, money.Money] = {}
    external: dict[str, ExternalRefund] = {}
    covered: dict[str, money.Money] = {}
    transactions: set[str] = set()
    taken: Counter[str] = msgspec.field(default_factory=Counter)
    fees: Counter[str] = msgspec.field(default_factory=Counter)
    recovered: int = 0
    lost: int = 0
    lost_parked: int = 0
    live: dict[str, money.Money] = {}
    begun: set[str] = set()
    parts: set[str] = set()
    credited: dict[str, CreditApplied] = {}
    credit_back: list[CreditPartReturned] = []
    withdrawn: set[str] = set()

    def begin(self, event: payments.AttemptStarted) -> None:
        """A session begins: alone, or beside other shares of what no part has brought yet."""
        assert event.attempt not in self.begun, f"{event.attempt} started twice"
        assert event.is_share or not self.live, "one session at a time, or shares"
        waiting = self.parts & self.parked.keys() - self.returned.keys()
        kept = money.total([self.parked[intent] for intent in waiting], self.due.currency)
        self.live[event.attempt] = event.amount or self.due
        credited = [
            event.amount for use, event in self.credited.items() if use not in self.withdrawn
        ]
        asked = money.total([*self.live.values(), *credited], self.due.currency) + kept
        assert asked.amount <= self.due.amount
        self.begun.add(event.attempt)

    def owed_by(self, refund: str) -> str:
        """The booking that owes a refund: another one where passengers have left for it."""
        return ids.booking_of_obligation(self.refunds[refund].obligation) or self.booking

    def take(self, transaction: str, amount: money.Money, fee: money.Money) -> None:
        """A dispute took money of Stripe's balance, or returned it: once each."""
        assert transaction not in self.transactions, f"{transaction} is posted twice"
        self.transactions.add(transaction)
        self.taken[amount.currency] += amount.amount
        self.fees[fee.currency] += fee.amount

    def park(
        self, event: payments.FundsParked | payments.ParkedFundsApplied | payments.ParkedFundsOwed
    ) -> None:
        """Money was parked, applied after all, or is on its way back: one of the last two."""
        assert event.intent not in self.returned, f"{event.intent} is on its way back"
        if isinstance(event, payments.FundsParked):
            assert event.reason in get_args(ParkReason)
            assert event.intent not in self.parked
            assert 0 < event.amount.amount <= self.captured[event.intent].amount
            self.parked[event.intent] = event.amount
            if event.reason == "underpaid":
                self.parts.add(event.intent)
            return
        left = self.parked[event.intent].amount - self.returned_by_hand(event.intent)
        assert event.amount.amount == left > 0
        if isinstance(event, payments.ParkedFundsOwed):
            self.returned[event.intent] = event.amount
        else:
            assert event.amount == self.captured[event.intent]
            del self.parked[event.intent]

    def allocate(self, event: payments.ParkedFundsAllocated) -> None:
        """Money without a booking pays for one, by as much as is due there; the rest is parked."""
        assert self.allocated is None, "once"
        assert event.intent not in self.returned, f"{event.intent} is on its way back"
        rest = self.parked.pop(event.intent) - event.amount
        assert rest.amount >= 0
        self.allocated = event.amount
        if rest.amount:
            self.parked[event.intent] = rest

    def charged_back(self, booking: str) -> Counter[str]:
        """What disputes paid in place of refunds of a booking, by currency."""
        total: Counter[str] = Counter()
        for refund, amount in self.charged.items():
            if self.owed_by(refund) == booking:
                total[amount.currency] += amount.amount
        return total

    def returned_by_hand(self, intent: str) -> int:
        """What of a parked capture was returned at Stripe by hand, in minor units."""
        return sum(
            part.amount.amount
            for each in self.external.values()
            for part in each.parts
            if each.intent == intent and not each.failed and part.purpose == "parked_funds"
        )

    def arrived(self, refund: str, amount: money.Money) -> int:
        """What the payer has of a refund that has arrived, in minor units."""
        if self.standing[refund] == "charged":
            return self.charged[refund].amount
        return (
            (self.covered if self.standing[refund] == "by hand" else {}).get(refund, amount).amount
        )

    def transfers(self, booking: str) -> Counter[str]:
        """What finance paid in place of failed refunds of a booking, by currency."""
        total: Counter[str] = Counter()
        for refund in self.transferred:
            if self.owed_by(refund) != booking:
                continue
            amount = self.refunds[refund].amount
            total[amount.currency] += amount.amount
        return total

    def moved(self, booking: str) -> Counter[str]:
        """What Stripe gave back for a booking, for good or for now, by currency."""
        total: Counter[str] = Counter()
        for refund, standing in self.standing.items():
            if standing in {"accepted", "settled"} and self.owed_by(refund) == booking:
                amount = self.refunds[refund].amount
                total[amount.currency] += amount.amount
        return total


def initiated(event: bookings.BookingInitiated) -> Booking:
    """The facts of a new one; asserts that every passenger has a coupon on every flight."""
    price = event.price
    party = tuple(passenger.type for passenger in event.passengers)
    places = {(choice.passenger, choice.segment): choice.seat for choice in event.seats}
    coupons = {
        (each.passenger, each.segment): coupon_of(
            each, seat=places.get((each.passenger, each.segment))
        )
        for each in price.coupons
    }
    every = {(p, s) for p in range(len(party)) for s in range(len(event.segments))}
    assert set(coupons) == every and len(price.coupons) == len(every)
    extras = [(each.passenger, each.segment, each.net, each.vat) for each in price.extras]
    assert {each[:2] for each in extras} <= every
    booking = Booking(
        currency=price.currency,
        party=party,
        segments=[(each.flight, each.cabin, each.fare_class) for each in event.segments],
        coupons=coupons,
        extras=extras,
        price=price.total().amount,
    )
    assert booking.price == sum(booking.worth(every)), "coupons and extras add up"
    return booking


def retaxed(
    booking: Booking, values: Retaxed, *, but: Collection[tuple[int, int]]
) -> tuple[int, int]:
    """Take over other taxes of what stays; how much more tax and charges that is."""
    vat_before, charge_before = booking.taxes()
    for each in values.coupons:
        assert (each.passenger, each.segment) not in but
        coupon = booking.coupons[each.passenger, each.segment]
        assert each.fare == coupon.fare
        after = coupon_of(each)
        coupon.vat, coupon.charge = after.vat, after.charge
        coupon.not_refundable = after.not_refundable
    taxes = {(each.passenger, each.segment, each.net): each.vat for each in values.extras}
    booking.extras = [
        (passenger, segment, net, taxes.get((passenger, segment, net), vat))
        for passenger, segment, net, vat in booking.extras
    ]
    vat, charge = booking.taxes()
    return vat - vat_before, charge - charge_before


def fee_vat(
    event: bookings.BookingCancelled | bookings.CouponsCancelled, vat: int, *, parts: int
) -> int:
    """The tax within the fee: what stays of the tax of the part; no more than the rate."""
    if event.entry is None:
        return 0
    kept = vat - sum(each.amount for each in event.entry.postings if each.account == "2300")
    currency = event.entry.postings[0].currency
    most = money.round_to_charge_step(event.fee * 15, 115, currency).amount
    assert 0 <= kept <= most + parts * money.charge_step(currency)
    return kept


def roll_up(booking: Booking) -> None:
    """What the statuses of its coupons make of a ticketed booking (airline practice)."""
    found = {coupon.status for coupon in booking.coupons.values()} - {"R", "V", "X"}
    after = booking.status
    if found and not found & set("CLF"):
        after = booking.status if "O" in found else Status.NO_SHOW
    elif found:
        after = Status.CHECKED_IN if found & set("OC") else Status.BOARDED
    booking.status = after
