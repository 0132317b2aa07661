"""Extras after the sale: ordered, paid, given or paid back; and one returned by its passenger."""

from collections.abc import Sequence
from typing import Any

import pytest

from application.booking import journey, letters, refund_extra
from application.booking.check_in import CheckIn
from application.booking.choose_seats import ChooseSeats
from application.booking.issue_extras import IssueExtras
from application.booking.order_extras import AbandonExtras, ExpireExtrasOrder, OrderExtras
from application.booking.quote_extras import ExtrasQuote, order_of
from application.booking.refund_extra import ExtraRefundQuote, RefundExtra
from application.inventory.cancel_flight import CancelFlight
from application.pricing.signed_quotes import QUOTE_LIFETIME, QuoteExpired
from domain.booking import extras as booking_extras
from domain.booking import rejections
from domain.booking.coupons import document_status
from domain.booking.state import Booking
from domain.booking.values import SeatChoice
from domain.inventory import rejections as flight_rejections
from domain.inventory.events import Place
from domain.kernel.money import Money
from domain.payment.events import FundsParked
from domain.policies.book import LAUNCH_BOOK
from domain.pricing import rejections as pricing_rejections
from domain.pricing.extras import ExtraChoice, document_kind
from domain.pricing.price import PassengerType
from tests.support.airline import AIRLINE, capture
from tests.support.memory_airline import MemoryAirline

BAG = ExtraChoice("BAG20", 0, 0)
MEAL = ExtraChoice("MEAL", 0, 0)
LOUNGE = ExtraChoice("LOUNGE", 0, 0)
FRONT = ExtraChoice("FRONT", 0, 0)
LEGROOM = ExtraChoice("LEGROOM", 0, 0)
# 150 and 80 riyals with 15 % on a domestic flight.
BAG_PRICE = 172_50
FRONT_PRICE = 92_00


class Ticketed:
    """A booking with tickets for a flight of five rows; rows 10 and 11 are in front."""

    def __init__(
        self, *extras: ExtraChoice, party: Sequence[PassengerType] = ("ADT",), in_days: float = 10
    ) -> None:
        self.airline = MemoryAirline()
        self.flight = self.airline.schedule("SV1", seats=30, in_days=in_days)
        self.booking: str = self.airline.ticketed(self.flight, *party, extras=extras)
        self.serials = iter(range(7_000, 8_000))

    @property
    def state(self) -> Booking:
        """The booking now."""
        found: Booking = self.airline.booking(self.booking)
        return found

    @property
    def codes(self) -> list[str]:
        """The extras that the booking has."""
        return [each.code for each in self.state.extras]

    def quote(self, *wanted: ExtraChoice, seats: Sequence[SeatChoice] = ()) -> ExtrasQuote:
        """What these extras cost now."""
        now = self.airline.clock()
        flights = [self.airline.flight(each.flight) for each in self.state.segments]
        order = order_of(
            self.booking,
            self.state,
            flights,
            book=LAUNCH_BOOK,
            extras=wanted,
            seats=seats,
            now=now,
        )
        return ExtrasQuote(self.booking, order, now + QUOTE_LIFETIME)

    def order(self, *wanted: ExtraChoice, **more: Any) -> ExtrasQuote:
        """Order these extras at once."""
        quote = self.quote(*wanted, **more)
        self.airline.submit(OrderExtras(quote))
        return quote

    def issue(self) -> None:
        """Sell what was paid."""
        serials = tuple(next(self.serials) for _ in range(9))
        self.airline.submit(IssueExtras(self.booking, AIRLINE, serials))

    def buy(self, *wanted: ExtraChoice, **more: Any) -> None:
        """Order, pay and issue."""
        self.order(*wanted, **more)
        self.airline.pay(self.booking)
        self.issue()

    def quote_refund(self, number: int = 0) -> ExtraRefundQuote:
        """What returning this extra of the booking would cost now."""
        state = self.state
        extra = state.extras[number]
        assert extra.document is not None
        facts = [journey.facts_of(self.airline.flight(each.flight)) for each in state.segments]
        booking_extras.require_return(state, extra.document, facts)
        now = self.airline.clock()
        fee = refund_extra.fee_of(state, extra, facts, LAUNCH_BOOK, now=now)
        return ExtraRefundQuote(
            self.booking, extra, fee.percent, fee.amount, fee.vat, now + QUOTE_LIFETIME
        )

    def sent(self, kind: type[letters.BookingLetter]) -> list[Any]:
        """The letters of a kind."""
        return [each for each in self.airline.log.outbox if isinstance(each, kind)]


def test_a_bag_is_sold_once_it_is_paid_and_its_price_is_deferred() -> None:
    case = Ticketed()
    paid = case.state.captured
    assert paid is not None
    quote = case.order(BAG)
    assert (quote.order.due, case.state.amount_due().amount) == (BAG_PRICE, BAG_PRICE)
    assert case.codes == []
    case.airline.pay(case.booking)
    case.issue()
    after = case.state
    assert after.captured is not None
    assert (case.codes, after.captured.amount) == (["BAG20"], paid.amount + BAG_PRICE)
    assert (after.extras_order, after.amount_due().amount) == (None, 0)
    assert after.extras[0].document == f"{AIRLINE}4000007000"
    (letter,) = case.sent(letters.ExtrasLetter)
    assert (letter.paid, letter.refund) == (BAG_PRICE, 0)


def test_what_is_ordered_pays_and_is_issued_only_once() -> None:
    case = Ticketed()
    quote = case.order(BAG)
    case.airline.submit(OrderExtras(quote))
    with pytest.raises(rejections.NoOrderPending):
        case.issue()
    case.airline.pay(case.booking)
    case.issue()
    case.issue()
    assert case.codes == ["BAG20"]
    with pytest.raises(QuoteExpired):
        case.airline.submit(OrderExtras(quote))


def test_a_second_payment_for_an_order_is_parked_and_sells_nothing_more() -> None:
    case = Ticketed()
    due = case.order(BAG).order.due
    payment = case.airline.pay(case.booking)
    case.issue()
    again = capture(case.booking, Money(due, "SAR"), attempt=f"{payment}-a1", intent="pi_again")
    case.airline.submit(again)
    parked = case.airline.last(payment).event
    assert isinstance(parked, FundsParked)
    assert (parked.reason, case.codes) == ("duplicate", ["BAG20"])


def test_an_order_that_is_not_paid_ends_and_late_money_is_parked() -> None:
    case = Ticketed()
    before = case.state
    due = case.order(BAG).order.due
    payment, attempt = case.airline.checkout(case.booking)
    with pytest.raises(rejections.HoldStillRuns):
        case.airline.submit(ExpireExtrasOrder(case.booking, "hold_lapsed"))
    case.airline.wait(minutes=16)
    case.airline.submit(ExpireExtrasOrder(case.booking, "hold_lapsed"))
    assert (case.state.extras_order, case.codes) == (None, [])
    assert case.state.captured == before.captured
    case.airline.submit(capture(case.booking, Money(due, "SAR"), attempt=attempt))
    assert isinstance(case.airline.last(payment).event, FundsParked)
    assert case.codes == []


def test_an_order_is_abandoned_until_it_is_paid() -> None:
    case = Ticketed()
    with pytest.raises(rejections.NoOrderPending):
        case.airline.submit(AbandonExtras(case.booking))
    case.order(BAG)
    case.airline.submit(AbandonExtras(case.booking))
    assert case.state.extras_order is None
    case.order(BAG)
    case.airline.pay(case.booking)
    with pytest.raises(rejections.NoOrderPending):
        case.airline.submit(AbandonExtras(case.booking))


def test_nothing_else_of_the_booking_changes_while_extras_wait_for_their_payment() -> None:
    case = Ticketed()
    case.order(BAG)
    with pytest.raises(rejections.ModificationPending):
        case.airline.cancel(case.booking)
    with pytest.raises(rejections.ModificationPending):
        case.quote(MEAL)


def test_a_seat_is_bought_and_given() -> None:
    case = Ticketed()
    case.buy(seats=[SeatChoice(0, 0, "11C")])
    assert (case.codes, case.state.coupons[0].seat) == (["FRONT"], "11C")
    assert case.airline.flight(case.flight).has_seat(case.booking, 0, "11C")
    case.airline.submit(ChooseSeats(case.booking, 0, (Place(0, "10A"),)))
    assert case.state.coupons[0].seat == "10A"


def test_a_seat_that_was_taken_meanwhile_becomes_another_of_its_kind() -> None:
    case = Ticketed()
    case.order(seats=[SeatChoice(0, 0, "10A")])
    case.airline.ticketed(case.flight, seats=(SeatChoice(0, 0, "10A"),))
    case.airline.pay(case.booking)
    case.issue()
    assert (case.codes, case.state.coupons[0].seat) == (["FRONT"], "10B")


def test_a_seat_that_was_sold_out_meanwhile_is_paid_back_and_the_rest_is_given() -> None:
    case = Ticketed()
    case.order(LEGROOM, BAG)
    case.airline.ticketed(
        case.flight,
        *["ADT"] * 6,
        extras=tuple(ExtraChoice("LEGROOM", each, 0) for each in range(6)),
    )
    case.airline.pay(case.booking)
    case.issue()
    assert (case.codes, case.state.owed().amount) == (["BAG20"], 115_00)
    (letter,) = case.sent(letters.ExtrasLetter)
    assert letter.refund == 115_00


def test_what_is_paid_for_a_flight_that_was_cancelled_meanwhile_is_paid_back() -> None:
    case = Ticketed()
    case.order(BAG)
    case.airline.pay(case.booking)
    case.airline.submit(CancelFlight(case.flight, "technical"))
    case.issue()
    assert (case.codes, case.state.owed().amount) == ([], BAG_PRICE)


@pytest.mark.parametrize(
    ("wanted", "seats", "reason"),
    [
        ((), (), "no_extra"),
        ((FRONT, FRONT), (), "second_seat"),
        ((FRONT,), (SeatChoice(0, 0, "12A"),), "seat_of_another_kind"),
        ((), (SeatChoice(0, 0, "14A"),), "seat_of_another_kind"),
        ((BAG,) * 73, (), "too_many_extras"),
    ],
)
def test_what_cannot_be_sold_is_refused(
    wanted: tuple[ExtraChoice, ...], seats: tuple[SeatChoice, ...], reason: str
) -> None:
    with pytest.raises(pricing_rejections.ExtraRefused) as refused:
        Ticketed().quote(*wanted, seats=seats)
    assert refused.value.parameters["reason"] == reason


def test_nobody_is_sold_a_second_seat_or_one_of_another() -> None:
    case = Ticketed(FRONT)
    with pytest.raises(pricing_rejections.ExtraRefused):
        case.quote(LEGROOM)
    plain = Ticketed()
    plain.airline.ticketed(plain.flight, seats=(SeatChoice(0, 0, "10A"),))
    with pytest.raises(flight_rejections.SeatTaken):
        plain.quote(seats=[SeatChoice(0, 0, "10A")])


def test_an_infant_is_sold_no_seat_and_a_child_none_at_an_exit() -> None:
    case = Ticketed(party=("ADT", "CHD", "INF"))
    with pytest.raises(rejections.NoSuchPart):
        case.quote(seats=[SeatChoice(2, 0, "10A")])
    with pytest.raises(pricing_rejections.ExtraRefused):
        case.quote(ExtraChoice("FRONT", 2, 0))
    with pytest.raises(pricing_rejections.ExtraRefused):
        case.quote(ExtraChoice("LEGROOM", 1, 0))


def test_extras_are_sold_until_sales_close_and_to_who_is_not_checked_in() -> None:
    case = Ticketed(in_days=1)
    case.quote(BAG)
    case.airline.submit(CheckIn(case.booking, 0, None))
    with pytest.raises(rejections.CouponNotOpen):
        case.quote(BAG)
    late = Ticketed(in_days=1)
    late.airline.wait(hours=23.5)
    with pytest.raises(flight_rejections.SalesClosed):
        late.quote(BAG)
    unpaid = MemoryAirline()
    booking = unpaid.book(unpaid.schedule("SV1"))
    with pytest.raises(rejections.ExtrasRefused):
        booking_extras.require_sale(unpaid.booking(booking), [(0, 0)], [], now=unpaid.clock())


def test_what_was_bought_later_is_cancelled_with_its_flight() -> None:
    case = Ticketed()
    case.buy(BAG)
    captured = case.state.captured
    assert captured is not None
    quote = case.airline.cancel(case.booking)
    assert quote.price == captured
    assert case.state.owed() == captured


@pytest.mark.parametrize(("in_days", "fee"), [(10, 0), (4, 43_12), (2, 86_25)])
def test_one_extra_is_returned_at_the_share_of_its_flight(in_days: float, fee: int) -> None:
    case = Ticketed(in_days=in_days)
    case.buy(BAG, MEAL)
    quote = case.quote_refund()
    assert quote.fee == pytest.approx(fee, abs=1)
    case.airline.submit(RefundExtra(quote))
    assert (case.codes, case.state.owed().amount) == (["MEAL"], BAG_PRICE - quote.fee)
    assert [each.code for each in case.state.refunded_extras] == ["BAG20"]
    before = len(case.airline.log.events)
    case.airline.submit(RefundExtra(quote))
    assert len(case.airline.log.events) == before
    (letter,) = case.sent(letters.ExtraRefundLetter)
    assert (letter.fee, letter.refund) == (quote.fee, BAG_PRICE - quote.fee)


def test_who_returns_a_seat_leaves_it() -> None:
    case = Ticketed(FRONT)
    assert case.state.coupons[0].seat == "10A"
    case.airline.submit(RefundExtra(case.quote_refund()))
    assert case.state.coupons[0].seat not in {"10A", None}
    assert case.airline.flight(case.flight).seats.get("10A") is None
    assert case.state.owed().amount == FRONT_PRICE


def test_a_used_extra_is_not_returned() -> None:
    case = Ticketed(BAG, in_days=1)
    quote = case.quote_refund()
    case.airline.submit(CheckIn(case.booking, 0, None))
    with pytest.raises(rejections.CouponNotOpen):
        case.airline.submit(RefundExtra(quote))
    with pytest.raises(rejections.NoSuchPart):
        booking_extras.require_return(case.state, "0000000000000", ())


def test_the_documents_follow_the_flight_or_stand_alone() -> None:
    case = Ticketed(BAG, LOUNGE, in_days=1)
    case.airline.submit(CheckIn(case.booking, 0, None))
    state = case.state
    found = [
        document_status(state.coupons[0], is_associated=document_kind(each.code) == "EMD-A").value
        for each in state.extras
    ]
    assert found == ["C", "O"]
    assert all((each.document or "")[3] == "4" for each in state.extras)
    assert state.tickets[0].number[3] == "0"
