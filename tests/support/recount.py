"""What the events of a log say happened, added up without any fold of the domain.

Rule: each event is taken in once and in order, and asserts here what it may not do whatever came
before: skip a step of the state table, move what is final, seat two people in one place.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from application import ports
from domain.booking import events as bookings
from domain.booking import states
from domain.booking.charge_back_events import CouponsVoided
from domain.booking.check_in_events import DepartureWithdrawn
from domain.booking.division_events import BookingDivided, BookingDividedOff
from domain.booking.reseating_events import BookingReseated
from domain.booking.seat_events import SeatExtrasRefunded
from domain.booking.states import Status
from domain.booking.values import CouponId, Obligation
from domain.inventory import events as flights
from domain.kernel import ids, money
from domain.payment import dispute_events as disputes
from domain.payment import events as payments
from domain.payment import external_refund_events as external
from domain.payment.credit_part_events import CreditPartFact
from tests.support import (
    recounted,
    recounted_claims,
    recounted_credits,
    recounted_disputes,
    recounted_divisions,
    recounted_external_refunds,
    recounted_extras,
    recounted_refunds,
)
from tests.support.recounted import Booking, Flight, Payment

FINAL = "FRZVX"
STATUS_AFTER: dict[type, Status] = {
    bookings.BookingInitiated: Status.INITIATED,
    bookings.BookingWaitlisted: Status.PENDING,
    bookings.BookingReserved: Status.RESERVED,
    BookingReseated: Status.RESERVED,
    bookings.BookingPaymentFailed: Status.PAYMENT_FAILED,
    bookings.BookingPaymentRetried: Status.PENDING,
    bookings.BookingPaid: Status.PAID,
    bookings.BookingConfirmed: Status.CONFIRMED,
    bookings.BookingExpired: Status.EXPIRED,
    bookings.BookingCancelled: Status.CANCELLED,
    bookings.BookingRefunded: Status.REFUNDED,
    bookings.BookingCompleted: Status.COMPLETED,
}


class Recount:
    """Everything that the events taken in so far say; `steps` counts moves of the state table."""

    def __init__(self) -> None:
        self.bookings: dict[str, Booking] = {}
        self.flights: dict[str, Flight] = {}
        self.payments: dict[str, Payment] = {}
        self.payments_of: dict[str, list[str]] = {}
        self.numbers: set[str] = set()
        self.captured: set[str] = set()
        self.divisions = recounted_divisions.Divisions()
        self.claims = recounted_claims.Claims()
        self.credits = recounted_credits.Credits()
        self.steps: Counter[tuple[Status, Status]] = Counter()

    def take(self, recorded: ports.RecordedEvent) -> str:
        """Take one event in; the booking or flight that it is about."""
        stream, event = recorded.stream, recorded.event
        kind = stream.partition("-")[0]
        if kind == "booking":
            self._booking(stream, event)
            return stream
        if kind == "flight":
            self._flight(stream, event)
            return stream
        if kind == "claim":
            return self.claims.take(stream, event)
        if kind == "credit":
            self.credits.take(stream, event)
        return self._payment(stream, event) if kind == "payment" else stream

    # A booking's events.

    def _booking(self, stream: str, event: Any) -> None:
        if isinstance(event, bookings.BookingInitiated):
            assert stream not in self.bookings
            self.bookings[stream] = recounted.initiated(event)
            return
        if isinstance(event, BookingDividedOff):
            assert stream not in self.bookings
            self.bookings[stream] = self.divisions.begun(stream, event)
            recounted.roll_up(self.bookings[stream])
            return
        booking = self.bookings[stream]
        reseated = isinstance(event, BookingReseated)
        assert reseated or booking.status not in states.TERMINAL, f"{event} at {booking.status}"
        before = booking.status
        apply = _BOOKING_STEPS.get(type(event))
        if apply is not None:
            apply(self, stream, booking, event)
        after = STATUS_AFTER.get(type(event)) or booking.status
        if after is not before:
            allowed = states.may_move(before, after)
            if isinstance(event, DepartureWithdrawn):
                allowed = states.may_correct(before, after)
            if reseated:
                allowed = states.may_reseat(before, after)
            assert allowed, f"{stream}: {before} to {after} by {event}"
            self.steps[before, after] += 1
        booking.status = after

    def _close(self, booking: Booking, wanted: Iterable[CouponId], status: str) -> None:
        for each in wanted:
            coupon = booking.coupons[each.passenger, each.segment]
            assert coupon.status not in FINAL, f"{each} is final already"
            coupon.status = status
            if status in "RV":
                coupon.keeps_seat = False

    def _divided(self, stream: str, booking: Booking, event: BookingDivided) -> None:
        self.divisions.divided(stream, booking, event)
        recounted.roll_up(booking)

    def issue(self, numbers: Iterable[str]) -> None:
        """Count numbers of tickets and documents, each once."""
        for number in numbers:
            assert ids.is_ticket_number(number)
            assert number not in self.numbers, f"{number} was given out twice"
            self.numbers.add(number)

    def _voided(self, stream: str, booking: Booking, event: CouponsVoided) -> None:
        recounted_disputes.void(booking, event, self.promise(stream, booking, event.obligation))
        self._close(booking, event.coupons, "V")
        recounted.roll_up(booking)

    def _paid(self, _stream: str, booking: Booking, event: bookings.BookingPaid) -> None:
        assert event.amount == money.Money(booking.price, booking.currency)
        booking.paid[event.payment] = event.amount.amount

    def _confirmed(self, _stream: str, booking: Booking, event: bookings.BookingConfirmed) -> None:
        assert not booking.unticketed_back, "tickets for what is given back"
        assert sum(booking.paid.values()) == booking.price
        assert [ticket.passenger for ticket in event.tickets] == list(range(len(booking.party)))
        assert [each.extra for each in event.documents] == list(range(len(booking.extras)))
        self.issue(ticket.number for ticket in event.tickets)
        self.issue(each.number for each in event.documents)
        recounted_extras.confirmed(booking, event)
        booking.ticketed = True

    def _cancelled(
        self,
        stream: str,
        booking: Booking,
        event: bookings.BookingCancelled | bookings.CouponsCancelled,
    ) -> None:
        assert booking.modification is None
        keys = [(each.passenger, each.segment) for each in event.coupons]
        assert len(set(keys)) == len(keys)
        back = self.promise(stream, booking, event.obligation)
        fare, extras, vat, charge = booking.worth(keys)
        if booking.ticketed:
            tax, charges, kept = 0, 0, recounted.keep(booking, event.coupons)
            if isinstance(event, bookings.CouponsCancelled):
                tax, charges = recounted.retaxed(booking, event.retaxed, but=keys)
            assert back + kept + event.fee + tax + charges == fare + extras + vat + charge, (
                "a part lost or found money"
            )
            booking.fees += event.fee
            booking.fee_vat += recounted.fee_vat(event, vat - tax, parts=len(keys))
        else:
            assert back == sum(booking.paid.values()), "paid but without tickets: all goes back"
            assert not event.fee
            booking.unticketed_back += back
        assert event.destination == ("card" if back else "none") or not back
        self._close(booking, event.coupons, "R")
        if isinstance(event, bookings.BookingCancelled):
            assert not booking.keys("OCL"), "cancelled with coupons open"
        else:
            recounted.roll_up(booking)

    def promise(self, stream: str, booking: Booking, promised: Obligation | None) -> int:
        """Count an obligation; return its amount."""
        if promised is None:
            return 0
        assert promised.id == f"{stream}-{len(booking.obligations) + booking.withdrawn + 1}"
        assert promised.amount.amount > 0
        assert money.is_chargeable(promised.amount)
        booking.obligations = [*booking.obligations, promised]
        paid = sum(booking.paid.values()) + booking.transferred
        assert booking.owed() + booking.credits <= paid, "more promised back than was paid"
        return promised.amount.amount

    def _granted(self, stream: str, booking: Booking, event: bookings.RefundGranted) -> None:
        back = self.promise(stream, booking, event.obligation)
        keys = [(each.passenger, each.segment) for each in event.coupons]
        if booking.ticketed:
            booking.beyond += back - sum(booking.worth(keys))
        else:
            booking.unticketed_back += back
        self._close(booking, event.coupons, "R")
        assert not booking.keys("OCL")

    def _refunded(self, stream: str, booking: Booking, _event: bookings.BookingRefunded) -> None:
        settled = self.settled(stream)
        assert settled == booking.owed() > 0, f"refunded: {settled} of {booking.owed()}"
        assert not booking.keys("OCL")

    def _modification_accepted(
        self, _stream: str, booking: Booking, event: bookings.ModificationAccepted
    ) -> None:
        assert booking.modification is booking.ordered is None
        booking.modification = event.modification
        booking.modification_paid = False

    def _modification_paid(
        self, _stream: str, booking: Booking, event: bookings.ModificationPaid
    ) -> None:
        assert booking.modification is not None
        assert not booking.modification_paid
        assert event.amount == money.Money(booking.modification.due, booking.currency)
        booking.paid[event.payment] = event.amount.amount
        booking.modification_paid = True

    def _modification_expired(
        self, _stream: str, booking: Booking, _event: bookings.ModificationExpired
    ) -> None:
        assert booking.modification is not None
        assert not booking.modification_paid
        booking.modification = None

    def _modification_completed(
        self, stream: str, booking: Booking, event: bookings.ModificationCompleted
    ) -> None:
        modification = event.modification
        moving = booking.keys("OCL", modification.segment)
        assert booking.modification in {None, modification}
        assert booking.modification_paid or not modification.due
        assert [(each.passenger, each.segment) for each in modification.coupons] == moving
        assert [ticket.passenger for ticket in event.tickets] == [key[0] for key in moving]
        self.issue(ticket.number for ticket in event.tickets)
        before = sum(booking.coupons[key].total for key in moving)
        after = sum(each.total for each in modification.coupons)
        added = sum(recounted.retaxed(booking, modification.retaxed, but=moving))
        assert after - before + added == modification.due - modification.back, (
            "an exchange lost or found money"
        )
        back = self.promise(stream, booking, event.obligation)
        assert back == (modification.back if modification.destination == "card" else 0)
        booking.credits += modification.back - back
        booking.dues += modification.due
        for each in modification.coupons:
            booking.coupons[each.passenger, each.segment] = recounted.coupon_of(each)
        booking.segments[modification.segment] = (
            modification.to.flight,
            modification.to.cabin,
            modification.to.fare_class,
        )
        booking.modification = None
        booking.modification_paid = False
        booking.unoffered.discard(modification.segment)
        if self.flights[modification.to.flight].over == flights.FlightCancelled.tag:
            booking.unoffered.add(modification.segment)

    def _reported(self, _stream: str, booking: Booking, event: bookings.DisruptionOffered) -> None:
        booking.unoffered.discard(event.segment)

    def _seats_chosen(self, _stream: str, booking: Booking, event: bookings.SeatsChosen) -> None:
        for choice in event.seats:
            booking.coupons[choice.passenger, choice.segment].seat = choice.seat

    def _seats_lost(self, stream: str, booking: Booking, event: bookings.SeatsLost) -> None:
        for choice in event.seats:
            booking.coupons[choice.passenger, choice.segment].seat = None
            flight = self.flights[booking.segments[choice.segment][0]]
            flight.unreviewed.discard((stream, choice.passenger, choice.seat))

    def _seats_refunded(self, stream: str, booking: Booking, event: SeatExtrasRefunded) -> None:
        assert booking.ticketed
        assert booking.modification is None
        back = self.promise(stream, booking, event.obligation)
        gone = [(each.passenger, each.segment, each.net, each.vat) for each in event.extras]
        assert back == sum(net + vat for _, _, net, vat in gone), "a paid seat goes back in full"
        for each in gone:
            assert booking.coupons[each[0], each[1]].status in "OC"
            booking.extras.remove(each)

    def _checked_in(
        self, _stream: str, booking: Booking, event: bookings.PassengersCheckedIn
    ) -> None:
        assert booking.modification is None
        for place in event.places:
            coupon = booking.coupons[place.passenger, event.segment]
            assert coupon.status == "O"
            coupon.status = "C"
            coupon.seat = place.seat
        recounted.roll_up(booking)

    def _check_in_undone(
        self, _stream: str, booking: Booking, event: bookings.CheckInWithdrawn
    ) -> None:
        for passenger in event.passengers:
            coupon = booking.coupons[passenger, event.segment]
            assert coupon.status == "C"
            coupon.status = "O"
        recounted.roll_up(booking)

    def _boarded(self, _stream: str, booking: Booking, event: bookings.PassengersBoarded) -> None:
        for passenger in event.passengers:
            coupon = booking.coupons[passenger, event.segment]
            assert coupon.status == "C"
            coupon.status = "L"
        recounted.roll_up(booking)

    def _flown(self, _stream: str, booking: Booking, event: bookings.CouponsFlown) -> None:
        for passenger in event.passengers:
            coupon = booking.coupons[passenger, event.segment]
            assert coupon.status == "L"
            coupon.status = "F"
        recounted.roll_up(booking)

    def _missed(self, stream: str, booking: Booking, event: bookings.PassengersMissed) -> None:
        keys = [(each.passenger, each.segment) for each in event.coupons]
        charge, on_charge = recounted.of_missed(booking, event.coupons)
        back = self.promise(stream, booking, event.obligation)
        assert back == charge + on_charge
        booking.missed_back += back
        booking.missed_vat_back += back - charge
        if event.obligation is not None:
            booking.missed_by[event.obligation.id] = (back, back - charge)
        self._close(booking, event.coupons, "Z")
        closed = min(segment for _, segment in keys)
        for key in keys:
            booking.coupons[key].keeps_seat = key[1] == closed
        recounted.roll_up(booking)

    def _departure_withdrawn(
        self, stream: str, booking: Booking, event: DepartureWithdrawn
    ) -> None:
        refunds = [
            refund.obligation
            for payment in map(self.payments.__getitem__, self.payments_of.get(stream, ()))
            for refund in (*payment.refunds.values(), *payment.credit_back)
        ]
        assert not set(refunds) & set(event.withdrawn_obligations), "refunded, and owed no more"
        recounted.reopen(booking, event)
        recounted.roll_up(booking)
        if not booking.keys("CLF") and booking.status not in states.TICKETED:
            booking.status = Status.CONFIRMED

    # A flight's events.

    def _flight(self, stream: str, event: Any) -> None:
        if isinstance(event, flights.FlightScheduled):
            assert stream not in self.flights
            self.flights[stream] = Flight(
                layouts={layout.cabin: layout for layout in event.layouts},
                limits=[(fare.cabin, fare.code, fare.seat_limit) for fare in event.fares],
            )
            return
        flight = self.flights[stream]
        match event:
            case flights.SeatsHeld() | flights.SeatsOffered():
                assert not flight.over, f"seats of a flight that is {flight.over}"
                if isinstance(event, flights.SeatsOffered):
                    flight.queue.remove(event.booking)
            case flights.WaitlistJoined():
                assert event.booking not in flight.queue
                flight.queue.append(event.booking)
            case flights.WaitlistLeft():
                flight.queue.remove(event.booking)
            case flights.SeatsReleased():
                for number in event.vacated:
                    assert flight.seated.pop(number)[0] == event.booking
            case flights.SeatsDivided():
                recounted_divisions.divide_seats(flight, event)
            case flights.SeatsAssigned():
                recounted.seat(flight, event.booking, [(p.passenger, p.seat) for p in event.places])
            case flights.CheckInAccepted():
                assert not flight.over
                seated = [(p.passenger, p.seat) for p in event.places if p.seat is not None]
                recounted.seat(flight, event.booking, seated)
                flight.sequences.extend(place.sequence for place in event.places)
                assert len(set(flight.sequences)) == len(flight.sequences)
            case flights.EquipmentChanged():
                flight.layouts = {layout.cabin: layout for layout in event.layouts}
                for number in event.vacated:
                    flight.unreviewed.add((*flight.seated.pop(number), number))
                fits = recounted.seat_numbers(flight)
                assert all(number in fits for number in flight.seated)
            case flights.FlightReinstated():
                assert flight.over == flights.FlightCancelled.tag
                flight.over = ""
            case flights.FlightCancelled() | flights.FlightDeparted():
                assert not flight.over
                flight.over = event.tag
            case flights.DepartureWithdrawn():
                assert flight.over == flights.FlightDeparted.tag
                flight.over = ""
            case flights.SeatsRestored():
                flight.restored += sum(move.sold for move in event.moves)

    # A payment's events.

    def _payment(self, stream: str, event: Any) -> str:
        if isinstance(event, payments.PaymentRequested):
            assert stream not in self.payments
            self.payments[stream] = Payment(event.booking, event.due)
            self.payments_of.setdefault(event.booking, []).append(stream)
            return event.booking
        payment = self.payments[stream]
        match event:
            case payments.AttemptStarted():
                payment.begin(event)
            case payments.AttemptExpired() | payments.AttemptRefused():
                payment.live.pop(event.attempt, None)
            case payments.PaymentCaptured():
                payment.live.pop(event.attempt, None)
                apart = stream.startswith(f"payment-{event.intent}-") and stream[-2:] != "-1"
                name = event.charge if apart else event.intent
                assert name not in self.captured, "one capture for each intent"
                self.captured |= {event.intent, event.charge}
                payment.captured[event.intent] = event.amount
            case (
                payments.FundsParked() | payments.ParkedFundsApplied() | payments.ParkedFundsOwed()
            ):
                payment.park(event)
            case payments.CaptureContradicted():
                payment.parts.discard(event.intent)
            case payments.ParkedFundsAllocated():
                payment.allocate(event)
                self.payments_of.setdefault(event.booking, []).append(stream)
            case payments.RefundFact():
                recounted_refunds.take(payment, event)
            case CreditPartFact():
                return recounted_credits.take(payment, event)
            case disputes.DisputeFact():
                recounted_disputes.take(payment, event)
            case external.ExternalRefundFact():
                recounted_external_refunds.take(payment, event)
        refund = payment.refunds.get(getattr(event, "refund", None) or "")
        return payment.booking if refund is None else payment.owed_by(refund.refund)

    def draws(self, booking: str) -> list[Payment]:
        """The payments of a booking and of one it was divided from."""
        known = self.bookings.get(booking)
        names = [*(known.drawn_from if known else ()), *self.payments_of.get(booking, ())]
        return [self.payments[each] for each in names]

    def settled(self, booking: str) -> int:
        """What has arrived of all that the booking owed, in its currency."""
        owed = {each.id for each in self.bookings[booking].obligations}
        credited = recounted_credits.arrived(self.draws(booking), owed)
        return credited + sum(
            payment.arrived(name, refund.amount)
            for payment in self.draws(booking)
            for name, refund in payment.refunds.items()
            if refund.obligation in owed
            and payment.standing[name] in {"settled", "bank", "charged", "by hand"}
        )


_BOOKING_STEPS: dict[type, Callable[[Recount, str, Booking, Any], None]] = {
    bookings.BookingPaid: Recount._paid,
    bookings.BookingConfirmed: Recount._confirmed,
    bookings.BookingCancelled: Recount._cancelled,
    bookings.CouponsCancelled: Recount._cancelled,
    bookings.RefundGranted: Recount._granted,
    bookings.BookingRefunded: Recount._refunded,
    bookings.ModificationAccepted: Recount._modification_accepted,
    bookings.ModificationPaid: Recount._modification_paid,
    bookings.ModificationExpired: Recount._modification_expired,
    bookings.ModificationCompleted: Recount._modification_completed,
    bookings.DisruptionOffered: Recount._reported,
    bookings.SeatsChosen: Recount._seats_chosen,
    bookings.SeatsLost: Recount._seats_lost,
    SeatExtrasRefunded: Recount._seats_refunded,
    BookingDivided: Recount._divided,
    bookings.PassengersCheckedIn: Recount._checked_in,
    bookings.CheckInWithdrawn: Recount._check_in_undone,
    bookings.PassengersBoarded: Recount._boarded,
    bookings.CouponsFlown: Recount._flown,
    bookings.PassengersMissed: Recount._missed,
    DepartureWithdrawn: Recount._departure_withdrawn,
    CouponsVoided: Recount._voided,
    **recounted_extras.STEPS,
}
