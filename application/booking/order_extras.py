"""Order quoted extras, which are sold once they are paid; or abandon an order, or expire it.

The order holds no seats: one that is gone when the payment comes is refunded in the same append.
"""

from application.booking import journey, live_session, paid_seats, quote_extras
from application.booking.access import changeable_booking
from application.booking.booking_details import BookingDetails, carry_out_and_read
from application.booking.ports import BookingPorts
from application.booking.quote_extras import ExtrasQuote
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.policies import operating_rules
from application.policies.read_book import load_book
from application.pricing.signed_quotes import QuoteExpired, QuoteRefused
from domain.booking import extras as booking_extras
from domain.booking.events import BookingEvent

ORDER_ENDED = "order_ended"


@stored_answer_first
async def order_extras(
    ports: BookingPorts, caller: Caller, id_or_reference: str, *, quote_id: str
) -> BookingDetails:
    """Order extras at the quoted prices; a checkout then collects what they cost.

    Rejects BookingNotFound, NotAllowed, QuoteRefused and what the command does.
    """
    booking_id, _ = await changeable_booking(ports, caller.principal, id_or_reference)
    quote = ports.quotes.accept(quote_id, ExtrasQuote)
    if quote.booking != booking_id:
        raise QuoteRefused(field="quoteId", reason="belongs to another booking")
    return await carry_out_and_read(ports, caller, OrderExtras(quote=quote))


class OrderExtras(Command, frozen=True):
    """`quote` was signed by our server."""

    quote: ExtrasQuote

    @property
    def streams(self) -> tuple[str, ...]:
        """The booking; its flights become known with it."""
        return (self.quote.booking,)

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, QuoteExpired and what `quote_extras.require_sold` does."""
        quote, booking_id = self.quote, self.quote.booking
        booking = journey.load(context, booking_id)
        if booking.extras_order == quote.order:
            return Reply(booking_id)
        if booking.modification_count >= quote.order.number:
            raise QuoteExpired(reason="booking_changed")
        if quote.valid_until <= context.now:
            raise QuoteExpired()
        flights = [journey.load_flight(context, each.flight) for each in booking.segments]
        quote_extras.require_sold(
            booking_id,
            booking,
            flights,
            book=load_book(context, ("sales_window",)),
            wanted=quote.order.extras,
            seats=quote.order.seats,
            now=context.now,
        )
        ordered = booking_extras.order(
            booking,
            wanted=quote.order,
            facts=[journey.facts_of(each) for each in flights],
            hold_until=context.now + operating_rules.hold_times(context).hold,
            now=context.now,
        )
        context.record(booking_id, ordered)
        return Reply(booking_id)


class ExpireExtrasOrder(Command, frozen=True):
    """Expire an unpaid order of extras; Stripe has been asked for a payment before."""

    booking_id: str
    reason: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, HoldStillRuns and NoOrderPending (paid meanwhile)."""
        booking = journey.load(context, self.booking_id)
        expired = booking_extras.expire(booking, reason=self.reason, now=context.now)
        _record_end(context, self.booking_id, expired)
        return Reply(self.booking_id)


@stored_answer_first
async def abandon_extras(
    ports: BookingPorts, caller: Caller, id_or_reference: str
) -> BookingDetails:
    """Abandon an unpaid order: the booking is as before.

    The live checkout session is expired first, so that nobody can pay for it. Rejects what the
    command does; raises GatewayFailure.
    """
    booking_id, booking = await changeable_booking(ports, caller.principal, id_or_reference)
    if booking.extras_order is not None and not booking.modification_paid:
        await live_session.expire(
            ports.bus, ports.collector, booking_id, booking, cause=caller.cause
        )
    return await carry_out_and_read(ports, caller, AbandonExtras(booking_id=booking_id))


class AbandonExtras(Command, frozen=True):
    """Abandon an unpaid order of extras; its checkout session has been expired before."""

    booking_id: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound and NoOrderPending (none, or paid meanwhile)."""
        booking = journey.load(context, self.booking_id)
        _record_end(context, self.booking_id, booking_extras.abandon(booking))
        return Reply(self.booking_id)


def _record_end(context: DecisionContext, booking_id: str, ended: list[BookingEvent]) -> None:
    """Record the end of an unpaid order; seats that were lost meanwhile are restored now."""
    if ended:
        context.record(booking_id, ended)
        paid_seats.restore_and_report(context, booking_id, reason=ORDER_ENDED)
