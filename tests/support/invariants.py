"""What must hold of the whole log after every step, computed from its events alone.

Rule: nothing here trusts a fold of the domain where a sum over the events can be taken instead;
the folds are compared with those sums.
"""

from collections import Counter

from domain.booking.state import Booking as BookingState
from domain.booking.states import Status
from domain.inventory.state import Flight as FlightState
from domain.kernel import money
from domain.kernel.entries import Entry
from domain.kernel.events import DomainEvent
from domain.period.events import PeriodClosed, PeriodReopened
from projections.coupon_values.projector import DIVIDED_ACCOUNTS, values_of
from tests.support import recounted_credits, recounted_external_refunds
from tests.support.memory_log import MemoryLog
from tests.support.recount import Recount
from tests.support.recounted import Booking, Flight, Payment, Seats

Balances = dict[tuple[str, str, str], int]

WAITING = frozenset({Status.PENDING, Status.PAYMENT_FAILED})


def check(log: MemoryLog) -> None:
    """All invariants over the whole log; an AssertionError names the first that is broken."""
    Invariants(log).check()


def _check_companions(booking: BookingState) -> None:
    """No child or infant is checked in, on board or flown without an adult, nor two on one lap.

    With whom one has flown is not known any more once a booking was divided.
    """
    divided = booking.divided_from is not None or booking.divided_into
    for statuses in ("CL", "L", *(() if divided else ("F",))):
        for segment in range(len(booking.segments)):
            group = [
                booking.passengers[coupon.passenger].type
                for coupon in booking.coupons
                if coupon.segment == segment and coupon.status.value in statuses
            ]
            adults, infants = group.count("ADT"), group.count("INF")
            assert adults >= max(infants, 1) or adults == len(group), group


class Invariants:
    """Follows a log: each check takes in what is new and looks at whatever that touched."""

    def __init__(self, log: MemoryLog) -> None:
        self.recount = Recount()
        self._log = log
        self._taken = 0
        self._balances: dict[str, Counter[tuple[str, str]]] = {}
        self._seats: dict[str, Seats] = {}
        self._taken_seats: Seats = Counter()
        self._closed: set[str] = set()

    def check(self) -> None:
        """All invariants; an AssertionError names the first that is broken."""
        touched: dict[str, None] = {}
        for recorded in self._log.events[self._taken :]:
            self._check_numbering(recorded.position, recorded.stream, recorded.version)
            touched[self.recount.take(recorded)] = None
            entry: Entry | None = getattr(recorded.event, "entry", None)
            if entry is not None:
                assert f"period-{entry.effective_on:%Y-%m}" not in self._closed
                self._post(entry)
            self._close(recorded.stream, recorded.event)
        self._taken = len(self._log.events)
        for booking in [name for name in touched if name.startswith("booking-")]:
            touched.update(dict.fromkeys(self._recount(booking)))
            self._check_booking(booking)
            self._check_money(booking)
        for flight in [name for name in touched if name.startswith("flight-")]:
            self._check_flight(flight)
        credits = [name for name in touched if name.startswith("credit-")]
        for credit in credits:
            self._check_credit(credit)
        if credits:
            self.recount.credits.check(self.recount.payments)

    def _check_credit(self, name: str) -> None:
        """Account 2200 says of the credit what its events and its state say."""
        counted = self.recount.credits.known[name]
        assert self._log.state(name).balance == money.Money(counted.balance, counted.currency)
        posted = self._balances.get(name, {}).get(("2200", counted.currency), 0)
        assert posted == -counted.balance, f"{name}: {posted} and not {-counted.balance}"
        if counted.card:
            self._check_gift_card(name, counted)

    def _check_gift_card(self, name: str, counted: recounted_credits.Credit) -> None:
        """Each account says of the card what its events and those of its payment say."""
        payments = [self.recount.payments[each] for each in self.recount.payments_of.get(name, ())]
        books = _expected_of_payments(name, payments, payments)
        books.update(recounted_external_refunds.expected(name, payments))
        for account, amount in counted.moved.items():
            books[account, counted.currency] += amount
        spent = sum(use.spent - use.returned for use in counted.uses.values())
        books["2200", counted.currency] -= counted.balance
        expected = {key: amount for key, amount in books.items() if amount}
        posted = {key: amount for key, amount in self._balances.get(name, {}).items() if amount}
        assert posted == expected, f"{name}: {posted} and not {expected}"
        paid = counted.amount if counted.card in {"paid", "claimed"} else 0
        gone = -sum(counted.moved[account] for account in ("4020", "1200", "6010"))
        assert counted.balance == paid - spent - gone, "what is bought is there, or went somewhere"

    def _close(self, stream: str, event: DomainEvent) -> None:
        """Nothing is posted into a month from its closing to its reopening."""
        if isinstance(event, PeriodClosed):
            self._closed.add(stream)
        if isinstance(event, PeriodReopened):
            self._closed.remove(stream)

    def _check_numbering(self, position: int, stream: str, version: int) -> None:
        """Positions and versions without gaps, time never back, each event of one command."""
        index = position - 1
        recorded = self._log.events[index]
        assert position == self._taken + 1 or index > 0
        assert self._log.streams[stream][version - 1] is recorded
        assert recorded.command_id in self._log.commands
        if index:
            before = self._log.events[index - 1]
            assert before.position == index
            assert before.recorded_at <= recorded.recorded_at

    def _post(self, entry: Entry) -> None:
        sums: Counter[str] = Counter()
        for posting in entry.postings:
            sums[posting.currency] += posting.amount
            account = (posting.account, posting.currency)
            self._balances.setdefault(posting.booking, Counter())[account] += posting.amount
        assert not any(sums.values()), entry

    def _recount(self, name: str) -> set[str]:
        """Take over what the booking has now; the flights where that differs."""
        before = self._seats.get(name, Counter())
        after = self.recount.bookings[name].seats()
        self._seats[name] = after
        self._taken_seats.subtract(before)
        self._taken_seats.update(after)
        return {block[0] for block in (before - after) + (after - before)}

    def _check_booking(self, name: str) -> None:
        """The fold agrees with the sums; each coupon's seat is the flight's."""
        counted = self.recount.bookings[name]
        state: BookingState = self._log.state(name)
        assert state.status is counted.status
        assert {
            (c.passenger, c.segment): (c.fare, c.vat, c.charge, c.status.value, c.seat)
            for c in state.coupons
        } == {
            key: (c.fare, c.vat, c.charge, c.status, c.seat) for key, c in counted.coupons.items()
        }
        assert state.owed() == money.Money(counted.owed(), counted.currency)
        assert state.modification == counted.modification
        assert not counted.unoffered, "moved on a flight that does not go, and nobody says so"
        if counted.status in {Status.CANCELLED, Status.REFUNDED, Status.EXPIRED, Status.COMPLETED}:
            assert counted.status is Status.EXPIRED or not counted.keys("OCL")
        if counted.status is Status.CANCELLED and counted.owed():
            assert self.recount.settled(name) < counted.owed(), "all given back, and not refunded"
        _check_companions(state)
        if counted.status not in {Status.RESERVED, Status.PAID} and not counted.ticketed:
            return
        for (passenger, segment), coupon in counted.coupons.items():
            if coupon.status in "OCL" and coupon.seat is not None:
                flight = self.recount.flights[counted.segments[segment][0]]
                place = (name, passenger)
                assert (
                    flight.seated.get(coupon.seat) == place
                    or (*place, coupon.seat) in flight.unreviewed
                ), f"{place} has no seat {coupon.seat}"

    def _check_money(self, name: str) -> None:
        """Each account of the booking says what its events say, to the minor unit."""
        counted = self.recount.bookings[name]
        payments = [self.recount.payments[each] for each in self.recount.payments_of.get(name, ())]
        applied = _applied(name, counted, payments, self.recount.payments_of.get(name, []))
        assert applied == sum(counted.paid.values())
        books = Counter(_expected(name, counted, payments, self.recount.draws(name)))
        books.update(recounted_credits.expected(name, payments, self.recount.draws(name)))
        books.update(self.recount.credits.issued.get(name, Counter()))
        books.update(self.recount.claims.expected(name))
        books.update(recounted_external_refunds.expected(name, self.recount.draws(name)))
        expected = {key: amount for key, amount in books.items() if amount}
        posted = {key: amount for key, amount in self._balances.get(name, {}).items() if amount}
        assert posted == expected, f"{name}: {posted} and not {expected}"
        if counted.ticketed and not counted.keys("OCL"):
            assert not {"2000", "2010"} & {account for account, _ in posted}
        if counted.ticketed:
            _check_sum(counted)
        self._check_flights_share(name, posted)

    def _check_flights_share(self, name: str, posted: dict[tuple[str, str], int]) -> None:
        """What finance reads by flight adds up to the accounts that it divides."""
        by_account: Counter[str] = Counter()
        for (_, account), amount in values_of(self._log.state(name)).items():
            by_account[account] += amount
        held = {account: -amount for (account, _), amount in posted.items()}
        for account in DIVIDED_ACCOUNTS:
            assert by_account[account] == held.get(account, 0), f"{name}: {account}"

    def _check_flight(self, name: str) -> None:
        """Counters, classes, allocations, seats and queue: one story, told four times."""
        counted = self.recount.flights[name]
        state: FlightState = self._log.state(name)
        taken = {block[1:]: n for block, n in self._taken_seats.items() if block[0] == name and n}
        for code, cabin in state.cabins.items():
            held = sum(n for (of, _, kind), n in taken.items() if (of, kind) == (code, "held"))
            sold = sum(n for (of, _, kind), n in taken.items() if (of, kind) == (code, "sold"))
            counters = [cabin.authorised_count, cabin.held_count, cabin.sold_count]
            assert self._log.capacity[name, code] == counters
            assert counters[1:] == [held, sold], f"{name} {code}: {counters}, {held}, {sold}"
            for bucket in cabin.buckets:
                of_class = taken.get((code, bucket.code, "held"), 0)
                of_class += taken.get((code, bucket.code, "sold"), 0)
                assert bucket.taken_count == of_class, f"{name} {code} {bucket.code}"
        _check_nesting(counted, taken)
        self._check_allocations(name, state)
        assert {
            number: (seat.booking, seat.passenger) for number, seat in state.seats.items()
        } == counted.seated
        for number, (booking, passenger) in counted.seated.items():
            assert self._sits(name, booking, passenger, number), f"{booking} left {number}"
        assert [waiting.booking for waiting in state.waitlist] == counted.queue
        assert all(self.recount.bookings[each].status in WAITING for each in counted.queue)

    def _check_allocations(self, name: str, state: FlightState) -> None:
        allocated: dict[str, Counter[tuple[str, str, str]]] = {}
        for booking, allocation in state.allocations.items():
            for block, kind in ((allocation.held, "held"), (allocation.sold, "sold")):
                if block is not None:
                    found = allocated.setdefault(booking, Counter())
                    found[block.cabin, block.fare_class, kind] += block.seat_count
        has: dict[str, Counter[tuple[str, str, str]]] = {}
        for booking, seats in self._seats.items():
            for (flight, cabin, fare_class, kind), count in seats.items():
                if flight == name:
                    has.setdefault(booking, Counter())[cabin, fare_class, kind] += count
        assert allocated == has

    def _sits(self, flight: str, booking: str, passenger: int, number: str) -> bool:
        counted = self.recount.bookings[booking]
        return any(
            coupon.seat == number and coupon.status != "R" and counted.segments[key[1]][0] == flight
            for key, coupon in counted.coupons.items()
            if key[0] == passenger
        )


def _check_nesting(flight: Flight, taken: dict[tuple[str, str, str], int]) -> None:
    """No class and those below it together take more than their limit."""
    for index, (cabin, _, limit) in enumerate(flight.limits):
        if limit is not None:
            below = {code for of, code, _ in flight.limits[index:] if of == cabin}
            count = sum(n for (of, code, _), n in taken.items() if of == cabin and code in below)
            assert count <= limit + flight.restored, f"{count} seats in {below} of {cabin}"


def _applied(name: str, booking: Booking, payments: list[Payment], streams: list[str]) -> int:
    """What was captured and not parked: exactly the amount due, once for each payment."""
    total = 0
    for stream, payment in zip(streams, payments, strict=True):
        applied = sum(
            captured.amount - (parked.amount if (parked := payment.parked.get(intent)) else 0)
            for intent, captured in payment.captured.items()
        )
        credited = recounted_credits.paid(payment)
        due = (payment.allocated or payment.due).amount
        assert credited < due or stream in booking.paid, f"{stream}: credit pays all of it"
        if applied or credited == due:
            assert applied + credited == due, f"{stream} was applied for {applied} and {credited}"
            assert booking.paid[stream] == due
            total += due
        for intent, captured in payment.captured.items():
            back = sum(
                refund.amount.amount
                for refund_name, refund in payment.refunds.items()
                if refund.intent == intent
                and payment.standing[refund_name] != "failed"
                and payment.standing[refund_name] != "refused"
                and payment.standing[refund_name] not in {"charged", "by hand"}
            )
            back += sum(
                each.amount.amount
                for each in payment.external.values()
                if each.intent == intent and not each.failed
            )
            assert back <= captured.amount, f"{name}: {intent} is given back beyond its amount"
    return total


def _expected(
    name: str, counted: Booking, payments: list[Payment], draws: list[Payment]
) -> dict[tuple[str, str], int]:
    """What the books must say: what is open, what was flown, kept, promised and given back."""
    books = _expected_of_payments(name, payments, draws)
    here = counted.currency
    books["1010", here] += counted.transferred
    books["2100", here] -= counted.owed()
    books["1200", here] -= counted.charged_back
    books["6010", here] -= counted.spared
    books["2020", here] += counted.unticketed_back
    if counted.ticketed:
        fare, extras, vat, charge = counted.worth(counted.keys("OCL"))
        flown_fare, flown_extras, flown_vat, flown_charge = counted.worth(counted.keys("F"))
        missed_fare, missed_extras, missed_vat, _ = counted.worth(counted.keys("Z"))
        books["2020", here] += counted.price + counted.dues
        books["2000", here] -= fare
        books["2010", here] -= extras
        books["2300", here] -= (
            vat + flown_vat + missed_vat - counted.missed_vat_back + counted.fee_vat
        )
        kept = sum(each.kept for each in counted.coupons.values())
        books["2310", here] -= charge + flown_charge + kept
        books["2200", here] -= counted.credits
        books["4000", here] -= flown_fare
        books["4010", here] -= flown_extras
        books["4020", here] -= missed_fare + missed_extras
        books["4030", here] -= counted.fees - counted.fee_vat
        books["4900", here] += counted.beyond
    return {key: amount for key, amount in books.items() if amount}


def _expected_of_payments(
    name: str, payments: list[Payment], draws: list[Payment]
) -> Counter[tuple[str, str]]:
    """What the money of these payments makes the books say, whatever it pays for."""
    books: Counter[tuple[str, str]] = Counter()
    for payment in payments:
        if payment.allocated is not None:
            # It was captured under its intent.
            books["2020", payment.allocated.currency] -= payment.allocated.amount
            continue
        for captured in payment.captured.values():
            books["1010", captured.currency] += captured.amount
            books["2020", captured.currency] -= captured.amount
        for returned in payment.returned.values():
            books["2020", returned.currency] += returned.amount
            books["2100", returned.currency] -= returned.amount
        for currency, amount in payment.taken.items():
            books["1010", currency] -= amount
            books["1200", currency] += amount
        for currency, amount in payment.fees.items():
            books["1010", currency] -= amount
            books["6020", currency] += amount
        own = payment.due.currency
        books["1200", own] += payment.recovered - payment.lost - payment.lost_parked
        books["6010", own] += payment.lost - payment.recovered
        books["2020", own] += payment.lost_parked
    for payment in draws:
        for currency, amount in payment.moved(name).items():
            books["1010", currency] -= amount
            books["2100", currency] += amount
        for currency, amount in payment.transfers(name).items():
            books["1000", currency] -= amount
            books["2100", currency] += amount
        for currency, amount in payment.charged_back(name).items():
            books["1200", currency] -= amount
            books["2100", currency] += amount
    return books


def _check_sum(counted: Booking) -> None:
    """What was paid is open, flown, kept, promised back or credited, and nothing twice."""
    kept = (
        sum(counted.worth(counted.keys("Z"))) - counted.missed_back + counted.fees - counted.beyond
    )
    kept += sum(counted.coupons[key].kept for key in counted.keys("R"))
    standing = sum(counted.worth(counted.keys("OCLF")))
    paid = counted.price + counted.dues + counted.transferred
    back = counted.owed() + counted.credits + counted.charged_back + counted.spared
    assert paid == standing + kept + back


def entries_of(log: MemoryLog) -> list[Entry]:
    """All entries in log order."""
    found = [getattr(recorded.event, "entry", None) for recorded in log.events]
    return [entry for entry in found if entry is not None]


def balances_of(log: MemoryLog) -> Balances:
    """Sums by booking, account and currency."""
    balances: Counter[tuple[str, str, str]] = Counter()
    for entry in entries_of(log):
        for posting in entry.postings:
            balances[posting.booking, posting.account, posting.currency] += posting.amount
    return {key: amount for key, amount in balances.items() if amount}


def unapplied(log: MemoryLog, booking: str) -> int:
    """What is left in 2020 for a booking, in all currencies; credit negative."""
    return sum(
        amount
        for (of, account, _), amount in balances_of(log).items()
        if of == booking and account == "2020"
    )
