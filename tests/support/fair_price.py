"""What a customer must have paid at least: the journey they have, bought directly, and the fees.

Rule: nothing here uses a rule of the domain. Tax, shares and bands are counted from the events
again; whatever the airline gave up or did itself ends the count for that booking.
"""

import datetime as dt
import itertools
import math
from fractions import Fraction

import msgspec

from application import ports
from domain.booking import events as bookings
from domain.booking.division_events import BookingDivided, BookingDividedOff
from domain.booking.seat_events import SeatExtrasRefunded
from domain.booking.values import Modification, Segment
from domain.inventory import events as flights
from domain.kernel import money

Bands = tuple[tuple[int, int], ...]
SHARES = {"ADT": Fraction(1), "CHD": Fraction(3, 4), "INF": Fraction(1, 10)}
# Hours of notice, and the percent that is kept of a cancelled or exchanged coupon.
CANCELLED = ((168, 0), (72, 25), (24, 50), (0, 75))
EXCHANGED = ((168, 0), (72, 5), (24, 10), (0, 15))
# A quote is frozen for this long: its notice may be longer than that of the event.
QUOTE = dt.timedelta(minutes=15)
# Halalas a minor unit is worth, and the smallest charge in minor units.
HALALAS = {"SAR": Fraction(1), "KWD": Fraction(1220, 1000), "JPY": Fraction(2)}
SMALLEST = {"SAR": 200, "KWD": 200, "JPY": 50}
VAT = Fraction(15, 100)
# Why the airline itself ends a coupon and gives everything back.
BY_AIRLINE = frozenset({"denied_boarding", "disruption_refund"})
CHARGE = 2 * 1000
Key = tuple[int, int]
# Departure and arrival.
Times = tuple[dt.datetime, dt.datetime]


class Accepted(msgspec.Struct, frozen=True):
    """What a modification was accepted by: its instant, which of its coupons were taxed, and which
    of all that stand become so.

    Its price is agreed then, whatever the airline moves until it is paid.
    """

    at: dt.datetime
    taxed: dict[Key, bool]
    becomes: dict[Key, bool]


class Sold(msgspec.Struct):
    """What is known of one booking.

    A coupon is sold or exchanged `taxed`, which fees count from. What stands is `owed` with tax as
    was agreed at the sale, and again with each part that the customer cancels or exchanges: a
    flight that the airline moves meanwhile makes nothing dearer.
    """

    started: bookings.BookingInitiated
    segments: list[Segment]
    family: list[str]
    gone: set[Key] = set()
    seats_back: set[tuple[str, Key]] = set()
    notice: dict[Key, float] = {}
    taxed: dict[Key, bool] = {}
    owed: dict[Key, bool] = {}
    accepted: dict[int, "Accepted"] = {}
    kept: Fraction = Fraction(0)
    slack: int = 0
    ticketed: bool = False
    excused: bool = False

    @property
    def currency(self) -> str:
        """Of the sale."""
        return self.started.price.currency


class FairPrice:
    """Follows a log; `least` is what the customer of a booking must have paid at least."""

    def __init__(self) -> None:
        self._scheduled: dict[str, flights.FlightScheduled] = {}
        self._times: dict[str, Times] = {}
        # Earlier times of flights, each with the instant at which the airline replaced them.
        self._replaced: list[tuple[dt.datetime, str, Times]] = []
        self._latest: dict[str, dt.datetime] = {}
        self._sold: dict[str, Sold] = {}
        self._left: dict[str, BookingDivided] = {}

    def take(self, recorded: ports.RecordedEvent) -> None:
        """Take one event in."""
        stream, event = recorded.stream, recorded.event
        if isinstance(event, bookings.BookingInitiated):
            sold = Sold(event, list(event.segments), [stream])
            sold.owed = self._agreed_taxes(sold, recorded.recorded_at)
            sold.taxed = dict(sold.owed)
            self._sold[stream] = sold
        elif isinstance(event, BookingDividedOff):
            self._sold[stream] = self._divide(self._sold[event.source], event, stream)
        elif stream in self._sold:
            if isinstance(event, BookingDivided):
                self._left[event.into] = event
            self._follow(self._sold[stream], event, recorded.recorded_at)
        else:
            self._fly(stream, event, recorded.recorded_at)

    def _fly(self, stream: str, event: object, now: dt.datetime) -> None:
        match event:
            case flights.FlightScheduled():
                self._scheduled[stream] = event
                self._times[stream] = (event.departs_at, event.arrives_at)
                self._latest[stream] = event.departs_at
            case flights.FlightRescheduled():
                self._replaced.append((now, stream, self._times[stream]))
                self._times[stream] = (event.departs_at, event.arrives_at)
                self._latest[stream] = max(self._latest[stream], event.departs_at)
            case flights.FlightCancelled():
                for sold in self._sold.values():
                    sold.excused |= any(each.flight == stream for each in sold.segments)

    def _follow(self, sold: Sold, event: object, now: dt.datetime) -> None:
        match event:
            case bookings.BookingConfirmed():
                sold.ticketed = True
            case bookings.BookingCancelled() | bookings.CouponsCancelled():
                keys = [(each.passenger, each.segment) for each in event.coupons]
                sold.excused |= event.waiver is not None or event.reason in BY_AIRLINE
                fees = sum((self._cancelled(sold, key, now) for key in keys), Fraction(0))
                before = self._worth(sold)
                sold.gone.update(keys)
                sold.owed.update(self._agreed_taxes(sold, now))
                if event.obligation is None and sold.ticketed:
                    # Nothing came back: the tax of the rest took what was left beside the fee.
                    fees = min(fees, before - self._worth(sold))
                sold.kept += fees
            case SeatExtrasRefunded():
                lost = ((each.code, (each.passenger, each.segment)) for each in event.extras)
                sold.seats_back.update(lost)
            case bookings.ModificationAccepted():
                sold.accepted[event.modification.number] = self._agreed(
                    sold, event.modification, now
                )
            case bookings.ModificationCompleted():
                self._exchange(sold, event.modification, now)
            case bookings.PassengersCheckedIn():
                sold.excused |= any(each.standby for each in event.places)
            case (
                bookings.SeatsLost()
                | bookings.DisruptionOffered()
                | bookings.RefundGranted()
                | bookings.PassengersMissed()
            ):
                sold.excused = True

    def _divide(self, sold: Sold, event: BookingDividedOff, stream: str) -> Sold:
        """What the passengers who leave have; fees that were kept of them stay counted before."""
        leaving = self._left.pop(stream).passengers
        places = {before: after for after, before in enumerate(leaving)}

        def moved(key: Key) -> Key:
            return places[key[0]], key[1]

        price = sold.started.price
        extras = tuple(
            msgspec.structs.replace(each, passenger=places[each.passenger])
            for each in price.extras
            if each.passenger in places
        )
        begun = Sold(
            started=msgspec.structs.replace(
                sold.started,
                passengers=event.passengers,
                price=msgspec.structs.replace(price, extras=extras),
            ),
            segments=list(sold.segments),
            family=sold.family,
            gone={moved(key) for key in sold.gone if key[0] in places},
            seats_back={(code, moved(key)) for code, key in sold.seats_back if key[0] in places},
            notice={moved(key): hours for key, hours in sold.notice.items() if key[0] in places},
            taxed={moved(key): taxed for key, taxed in sold.taxed.items() if key[0] in places},
            owed={moved(key): taxed for key, taxed in sold.owed.items() if key[0] in places},
            slack=sold.slack,
            ticketed=sold.ticketed,
            excused=sold.excused,
        )
        everywhere = range(len(sold.segments))
        sold.gone.update((passenger, segment) for passenger in places for segment in everywhere)
        sold.family.append(stream)
        return begun

    def _exchange(self, sold: Sold, modification: Modification, now: dt.datetime) -> None:
        """An exchange keeps its fee for good, and its notice for every later fee; for a cheaper
        flight also as much of the difference as a cancellation.
        """
        keys = [(each.passenger, each.segment) for each in modification.coupons]
        agreed = sold.accepted.get(modification.number) or self._agreed(sold, modification, now)
        hours = min(self._hours(sold, key, agreed.at) for key in keys)
        sold.notice.update(dict.fromkeys(keys, hours))
        percent = _percent(EXCHANGED, hours)
        values = (self._coupon(sold, key, agreed.taxed[key]) for key in keys)
        sold.kept += sum(values, Fraction(0)) * percent / 100
        sold.slack += 2 * SMALLEST[sold.currency]  # a difference below it is waived, and not kept
        before = {key: (self._fare(sold, key), 1 + VAT * sold.taxed[key]) for key in keys}
        sold.segments[modification.segment] = modification.to
        for key, (fare, taxed) in before.items():
            lost = max(Fraction(0), fare - self._fare(sold, key)) * taxed
            sold.kept += lost * _percent(CANCELLED, hours) / 100
        sold.owed.update(agreed.becomes)
        sold.taxed.update({key: agreed.becomes[key] for key in keys})

    def _agreed(self, sold: Sold, modification: Modification, now: dt.datetime) -> Accepted:
        keys = [(each.passenger, each.segment) for each in modification.coupons]
        after = msgspec.structs.replace(sold, segments=list(sold.segments))
        after.segments[modification.segment] = modification.to
        return Accepted(
            at=now,
            taxed={key: sold.owed[key] for key in keys},
            becomes=self._agreed_taxes(after, now),
        )

    def family(self, booking: str) -> list[str]:
        """The booking, and those that it was divided from or into."""
        return self._sold[booking].family

    def least(self, booking: str) -> int | None:
        """In minor units; None where nothing was sold yet or the airline gave something up."""
        sold = self._sold[booking]
        if not sold.ticketed or sold.excused:
            return None
        parts = 3 * len(sold.started.price.coupons) + len(sold.started.price.extras)
        slack = parts * money.charge_step(sold.currency) + sold.slack
        return math.floor(self._worth(sold) + sold.kept) - slack

    def _worth(self, sold: Sold) -> Fraction:
        """What the customer has, bought directly when it was agreed."""
        standing = self._standing(sold)
        return sum((self._value(sold, key, sold.owed[key]) for key in standing), Fraction(0))

    def _standing(self, sold: Sold) -> list[Key]:
        return [
            (passenger, segment)
            for passenger in range(len(sold.started.passengers))
            for segment in range(len(sold.segments))
            if (passenger, segment) not in sold.gone
        ]

    def _hours(self, sold: Sold, key: Key, now: dt.datetime) -> float:
        """Notice at the time of the quote, at most; no more than at an earlier exchange."""
        flight = sold.segments[key[1]].flight
        departs_at = self._times[flight][0]
        counted = self._latest[flight] if now <= departs_at else departs_at
        hours = (counted - now + QUOTE) / dt.timedelta(hours=1)
        return min(hours, sold.notice.get(key, hours))

    def _cancelled(self, sold: Sold, key: Key, now: dt.datetime) -> Fraction:
        """What is kept of a coupon and its extras, with the tax that they were sold or exchanged
        with; charges and their tax go back.
        """
        if not sold.ticketed:
            return Fraction(0)
        value = self._value(sold, key, sold.taxed[key])
        if sold.taxed[key]:
            value -= self._charge(sold, key[0]) * (1 + VAT)
        return value * _percent(CANCELLED, self._hours(sold, key, now)) / 100

    def _value(self, sold: Sold, key: Key, taxed: bool) -> Fraction:
        """A coupon at the price of its flight, with its extras, taxed or not."""
        extras = sum(
            each.net
            for each in sold.started.price.extras
            if (each.passenger, each.segment) == key and (each.code, key) not in sold.seats_back
        )
        return self._coupon(sold, key, taxed) + extras * (1 + VAT * taxed)

    def _coupon(self, sold: Sold, key: Key, taxed: bool) -> Fraction:
        """Fare, tax and charges of a coupon at the price of its flight."""
        net = self._fare(sold, key)
        if not taxed:
            return net
        return (net + self._charge(sold, key[0])) * (1 + VAT)

    def _fare(self, sold: Sold, key: Key) -> Fraction:
        """The fare of a coupon's flight, without tax and charges."""
        passenger, segment = key
        booked = sold.segments[segment]
        filed = next(
            each.fare
            for each in self._scheduled[booked.flight].fares
            if each.code == booked.fare_class
        )
        net = filed.amount * _rate(filed.currency, sold.currency)
        return net * SHARES[sold.started.passengers[passenger].type]

    def _charge(self, sold: Sold, passenger: int) -> Fraction:
        if sold.started.passengers[passenger].type == "INF":
            return Fraction(0)
        return CHARGE * _rate("SAR", sold.currency)

    def _agreed_taxes(self, sold: Sold, now: dt.datetime) -> dict[Key, bool]:
        """Which standing coupons are taxed at all times that their flights had while a quote, which
        this may be the price of, was frozen.
        """
        times = dict(self._times)
        known = [times]
        for at, flight, before in reversed(self._replaced):
            if at < now - QUOTE:
                break
            known.append(times := {**times, flight: before})
        return {
            key: all(self._taxed(sold, key, each) for each in known) for key in self._standing(sold)
        }

    def _taxed(self, sold: Sold, key: Key, times: dict[str, Times]) -> bool:
        """Whether the flight is domestic, and so are those that join it without a stopover."""
        passenger, segment = key
        kept = [each for each in range(len(sold.segments)) if (passenger, each) not in sold.gone]
        around = {segment}
        for before, after in [*itertools.pairwise(kept), *reversed([*itertools.pairwise(kept)])]:
            if self._joins(sold, before, after, times) and around & {before, after}:
                around |= {before, after}
        return all(self._scheduled[sold.segments[each].flight].domestic for each in around)

    def _joins(self, sold: Sold, before: int, after: int, times: dict[str, Times]) -> bool:
        first, second = sold.segments[before].flight, sold.segments[after].flight
        same_place = self._scheduled[first].destination == self._scheduled[second].origin
        pause = times[second][0] - times[first][1]
        return same_place and pause < dt.timedelta(hours=24)


def _rate(source: str, target: str) -> Fraction:
    """Minor units of the target for one minor unit of the source."""
    return HALALAS[source] / HALALAS[target]


def _percent(bands: Bands, hours: float) -> int:
    return next((percent for least, percent in bands if hours >= least), bands[-1][1])
