"""Sell the extras of a paid order, each with its document; owe what cannot be given any more."""

from application.booking import extra_seats, journey, letters, paid_seats, seat_needs
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import cancellation, rejections
from domain.booking import extras as booking_extras
from domain.booking import seats as booking_seats
from domain.booking.coupons import CouponStatus
from domain.booking.values import ExtraDocument, SeatChoice
from domain.inventory.state import FlightStatus
from domain.kernel.document_numbers import document_number
from domain.ledger import carriage
from domain.pricing.extras import is_seat
from domain.pricing.price import ExtraPrice

ISSUED = "extras_issued"


class IssueExtras(Command, frozen=True):
    """`serials` were drawn from the stock, at least one for each extra of the order."""

    booking_id: str
    airline_code: str
    serials: tuple[int, ...]

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound and NoOrderPending (unpaid); without an order records nothing."""
        booking_id = self.booking_id
        order = journey.load(context, booking_id).extras_order
        if order is None:
            return Reply(booking_id)
        if not journey.load(context, booking_id).modification_paid:
            raise rejections.NoOrderPending(reason="unpaid")
        chosen = extra_seats.chosen_seats(order.seats)
        sold: list[ExtraPrice] = []
        refused: list[ExtraPrice] = []
        for each in order.extras:
            seat = chosen.get((each.passenger, each.segment))
            given = _give(context, booking_id, each, seat)
            (sold if given else refused).append(each)
        numbers = [document_number(self.airline_code, each) for each in self.serials[: len(sold)]]
        booking = journey.load(context, booking_id)
        back = sum(each.total for each in refused)
        issued = booking_extras.issue(
            booking,
            extras=tuple(sold),
            documents=tuple(ExtraDocument(index, each) for index, each in enumerate(numbers)),
            refused=tuple(refused),
            obligation=cancellation.next_obligation(booking, booking_id, back, by_airline=True),
            entry=carriage.extras_entry(
                carriage.Posted(booking_id, tuple(numbers), context.now),
                value=carriage.Value(
                    booking.currency,
                    ancillary=sum(each.net for each in sold),
                    vat=sum(each.vat for each in sold),
                ),
                refused=back,
            ),
        )
        context.record(booking_id, issued)
        context.enqueue(
            letters.ExtrasLetter(
                booking_id=booking_id, about=str(order.number), paid=order.due, refund=back
            )
        )
        paid_seats.restore_and_report(context, booking_id, reason=ISSUED)
        return Reply(booking_id)


def _give(context: DecisionContext, booking_id: str, extra: ExtraPrice, chosen: str | None) -> bool:
    """Give the passenger what was bought, seats with the seat itself; False where it cannot be.

    A seat was taken meanwhile, or the coupon is no longer one to be flown.
    """
    booking = journey.load(context, booking_id)
    coupon = booking.coupon(extra.passenger, extra.segment)
    flight = journey.load_flight(context, booking.segments[extra.segment].flight)
    if coupon is None or coupon.status is not CouponStatus.OPEN:
        return False
    if flight.status is not FlightStatus.SCHEDULED:
        return False
    if not is_seat(extra.code):
        return True
    seat = extra_seats.seat_for(booking_id, booking, flight, extra, chosen=chosen)
    if seat is None:
        return False
    choice = SeatChoice(extra.passenger, extra.segment, seat)
    context.record(booking_id, booking_seats.give_seats(booking, seats=(choice,)))
    seat_needs.assign(context, booking_id, segment=extra.segment, seats=[(extra.passenger, seat)])
    return True
