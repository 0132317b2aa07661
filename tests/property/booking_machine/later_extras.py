"""Extras that are ordered after the sale, paid or not, and returned one by one."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from application.booking import journey, refund_extra
from application.booking.issue_extras import IssueExtras
from application.booking.order_extras import AbandonExtras, ExpireExtrasOrder, OrderExtras
from application.booking.quote_extras import ExtrasQuote, order_of
from application.booking.refund_extra import ExtraRefundQuote, RefundExtra
from application.pricing.signed_quotes import QUOTE_LIFETIME
from domain.booking import extras as booking_extras
from domain.booking.extras_events import ExtrasIssued
from domain.booking.states import Status
from domain.inventory import sales_window
from domain.kernel.rejections import Rejection
from domain.policies.book import LAUNCH_BOOK
from domain.pricing.extras import NET_PRICES, ExtraChoice
from tests.property.booking_machine.machine import AIRLINE, PROCESSES, WHICH
from tests.property.booking_machine.modifications import Changes

CODES = st.lists(st.sampled_from(sorted(NET_PRICES)), min_size=1, max_size=3)


class LaterExtras(Changes):
    """Travellers who buy more, and think better of it."""

    @rule(
        process=PROCESSES,
        which=WHICH,
        codes=CODES,
        coupon=st.integers(0, 5),
        then=st.sampled_from(("pay", "pay", "pay late", "wait")),
    )
    def order_extras(
        self, process: int, which: int, codes: list[str], coupon: int, then: str
    ) -> None:
        """Extras for one passenger on one flight, paid at once or not."""
        stream = self.pick(which, Status.CONFIRMED)
        if stream is None or not self.booking(stream).coupons:
            return
        booking = self.booking(stream)
        place = booking.coupons[coupon % len(booking.coupons)]
        wanted = [ExtraChoice(each, place.passenger, place.segment) for each in codes]
        flights = [self.flight(each.flight) for each in booking.segments]
        now = self.clock()
        try:
            order = order_of(stream, booking, flights, extras=wanted, seats=(), now=now)
        except Rejection as rejection:
            self.tally[f"order_of: {type(rejection).__name__}"] += 1
            return
        self.submit(process, OrderExtras(ExtrasQuote(stream, order, now + QUOTE_LIFETIME)))
        if then == "pay late":
            self.clock.advance(sales_window.HOLD_LIFETIME)
            self.submit(process, ExpireExtrasOrder(booking_id=stream, reason="hold_lapsed"))
        if then != "wait":
            self.pay(process, stream)
            self.submit(process, self.issuance(stream))

    def issuance(self, stream: str) -> IssueExtras:
        """With serials for all that is ordered."""
        order = self.booking(stream).extras_order
        serials = self.draw_serials(1 if order is None else len(order.extras))
        return IssueExtras(booking_id=stream, airline_code=AIRLINE, serials=serials)

    @rule(process=PROCESSES, which=WHICH, abandons=st.booleans())
    def end_order(self, process: int, which: int, abandons: bool) -> None:
        """An order is abandoned, or its time is over, paid or not."""
        waiting = [each for each in self.bookings if self.booking(each).extras_order is not None]
        stream = waiting[which % len(waiting)] if waiting else self.pick(which)
        if stream is not None:
            expiry = ExpireExtrasOrder(booking_id=stream, reason="hold_lapsed")
            self.submit(process, AbandonExtras(booking_id=stream) if abandons else expiry)

    @rule(process=PROCESSES, which=WHICH)
    def return_extra(self, process: int, which: int) -> None:
        """One of the extras that were bought later goes back, at a quote of this moment."""
        bought = [
            (recorded.stream, document.number)
            for recorded in self.log.events
            if isinstance(recorded.event, ExtrasIssued)
            for document in recorded.event.documents
        ]
        if not bought:
            return
        stream, document = bought[-1 - which % len(bought)]
        booking = self.booking(stream)
        facts = [journey.facts_of(self.flight(each.flight)) for each in booking.segments]
        try:
            booking_extras.require_return(booking, document, facts)
        except Rejection as rejection:
            self.tally[f"require_return: {type(rejection).__name__}"] += 1
            return
        extra = booking_extras.extra_of(booking, document)
        now = self.clock()
        fee = refund_extra.fee_of(booking, extra, facts, LAUNCH_BOOK, now=now)
        assert 0 <= fee.vat <= fee.amount <= extra.total
        quote = ExtraRefundQuote(
            stream, extra, fee.percent, fee.amount, fee.vat, now + QUOTE_LIFETIME
        )
        self.submit(process, RefundExtra(quote))
