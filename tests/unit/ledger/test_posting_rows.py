"""The postings of each business event, through the use case that makes it.

Amounts are riyals' minor units unless a test says otherwise; debit is positive. The numbers of rows
are those of the table of postings that the airline's accounts were agreed on.
"""

import datetime as dt
from collections import Counter

import pytest

from application.booking.allocate_external_refund import AllocateExternalRefund
from application.booking.allocate_external_refund import Part as Allocated
from application.booking.answer_disruption import RefundDisruption
from application.booking.cancel_booking import Part
from application.booking.check_in import Board, CheckIn
from application.booking.close_flight import CloseFlight
from application.booking.grant_refund import GrantRefund
from application.booking.offer_disruption import OfferDisruption
from application.inventory.cancel_flight import CancelFlight
from application.inventory.depart_flight import DepartFlight
from application.payment.record_external_refund import RecordExternalRefund
from application.payment.record_refund import Accepted, Failed
from application.payment.return_parked_funds import ReturnParkedFunds
from domain.kernel import money
from tests.support.airline import capture, payment_of
from tests.support.memory_airline import MemoryAirline

Sums = dict[str, int]
# With the charges of two airports of 10.00, and 15 % tax on both, 598.00 are paid.
FARE = 50_000


class Books:
    """A booking of one flight in ten days, and what is posted for it by rule."""

    def __init__(self, currency: str = "SAR", fare: int = FARE, **more: int) -> None:
        self.airline = MemoryAirline()
        self.flight = self.airline.schedule("SV1", fare=fare, currency=currency, **more)
        self.booking = ""

    def sell(self, *party: str) -> str:
        self.booking = self.airline.ticketed(self.flight, *party)
        return self.booking

    def fly(self, *passengers: int) -> None:
        """The flight leaves with these on board."""
        airline = self.airline
        departs_at = airline.flight(self.flight).departs_at
        airline.clock.now = departs_at - dt.timedelta(hours=2)
        for each in passengers:
            airline.submit(CheckIn(self.booking, 0, (each,)))
            airline.submit(Board(self.booking, 0, (each,)))
        airline.clock.now = departs_at
        airline.submit(DepartFlight(self.flight, departs_at))
        airline.submit(CloseFlight(self.booking, self.flight))

    def posted(self, rule: str) -> Sums:
        """What entries of the rule posted for the booking, by account."""
        sums: Counter[str] = Counter()
        for recorded in self.airline.log.events:
            entry = getattr(recorded.event, "entry", None)
            if entry is not None and entry.rule == rule:
                for posting in entry.postings:
                    if posting.booking == self.booking:
                        sums[posting.account] += posting.amount
        return dict(sums)

    def balances(self) -> Sums:
        """What the accounts hold for the booking; those of zero are left out."""
        sums: Counter[str] = Counter()
        for recorded in self.airline.log.events:
            entry = getattr(recorded.event, "entry", None)
            for posting in entry.postings if entry is not None else ():
                if posting.booking == self.booking:
                    sums[posting.account] += posting.amount
        return {account: amount for account, amount in sums.items() if amount}


def test_row_1_a_hold_a_quote_and_an_open_session_post_nothing() -> None:
    books = Books()
    books.booking = books.airline.book(books.flight)
    books.airline.checkout(books.booking)
    assert books.balances() == {}


@pytest.mark.parametrize(("currency", "fare"), [("SAR", 50_000), ("KWD", 40_010), ("JPY", 12_345)])
def test_rows_2_and_4_a_capture_is_unapplied_until_the_tickets_are_issued(
    currency: str, fare: int
) -> None:
    books = Books(currency, fare)
    booking = books.booking = books.airline.book(books.flight)
    total = books.airline.booking(booking).amount_due().amount
    books.airline.pay(booking)
    assert books.posted("capture") == {"1010": total, "2020": -total}
    books.airline.confirm(booking)
    ticketing = books.posted("ticketing")
    assert ticketing["2020"] == total
    assert ticketing["2000"] == -fare
    assert -sum(ticketing.get(account, 0) for account in ("2000", "2010", "2300", "2310")) == total
    assert "2020" not in books.balances()


def test_row_6_a_flown_coupon_is_revenue_and_leaves_tax_and_charges_owed() -> None:
    books = Books()
    books.sell()
    books.fly(0)
    assert books.posted("flown") == {"2000": 50_000, "4000": -50_000}
    assert books.balances() == {"1010": 59_800, "2300": -7_800, "2310": -2_000, "4000": -50_000}


def test_row_8_a_customers_cancellation_keeps_the_fee_with_its_tax_and_owes_the_rest() -> None:
    books = Books()
    books.sell()
    books.airline.wait(days=8)
    books.airline.cancel(books.booking)
    cancelled = books.posted("cancellation")
    # Half of fare and its tax is kept; what airports charge goes back in full.
    assert cancelled == {
        "2000": 50_000,
        "2310": 2_000,
        "2300": 7_800 - 3_750,
        "4030": -25_000,
        "2100": -(59_800 - 28_750),
    }


def test_rows_9_and_10_a_refund_leaves_clearing_when_accepted_and_comes_back_when_failed() -> None:
    books = Books()
    books.sell()
    books.airline.cancel(books.booking)
    payment, refund = books.airline.refund(books.booking, amount=1_000)
    books.airline.record_refund(payment, refund, Accepted("re_1"))
    assert books.posted("refund_accepted") == {"2100": 1_000, "1010": -1_000}
    owed = books.balances()["2100"]
    books.airline.record_refund(payment, refund, Failed("re_1", "lost_or_stolen_card"))
    assert books.posted("refund_failed") == {"1010": 1_000, "2100": -1_000}
    assert books.balances()["2100"] == owed - 1_000


def test_row_11_cancelling_one_of_two_passengers_takes_back_that_share() -> None:
    books = Books()
    books.sell("ADT", "ADT")
    books.airline.cancel(books.booking, Part(passengers=(1,)))
    assert books.posted("cancellation") == {
        "2000": 50_000,
        "2300": 7_800,
        "2310": 2_000,
        "2100": -59_800,
    }
    assert books.balances()["2000"] == -50_000


def test_row_12_goodwill_after_the_flight_reduces_revenue() -> None:
    books = Books()
    books.sell()
    books.fly(0)
    books.airline.submit(GrantRefund(books.booking, amount=10_000, by="usr_finance"))
    assert books.posted("goodwill") == {"4900": 10_000, "2100": -10_000}
    assert books.balances()["4000"] == -50_000


def test_row_13_a_refund_by_hand_is_unallocated_and_then_a_debt_or_goodwill() -> None:
    books = Books()
    books.sell()
    payment, refund = books.airline.refund(books.booking, amount=1_000)
    (captured,) = books.airline.payment(payment).captures
    amount = money.Money(1_500, "SAR")
    made = RecordExternalRefund(payment, captured.intent, "re_hand", amount, "accepted")
    books.airline.submit(made)
    assert books.posted("external_refund_recorded") == {"1290": 1_500, "1010": -1_500}
    books.airline.submit(AllocateExternalRefund(payment, "re_hand", (Allocated(1_000, refund),)))
    assert books.posted("external_refund_allocated") == {"2100": 1_000, "1290": -1_000}
    books.airline.submit(AllocateExternalRefund(payment, "re_hand", (Allocated(500),)))
    assert books.posted("external_refund_allocated") == {"2100": 1_000, "4900": 500, "1290": -1_500}
    assert "1290" not in books.balances()


def test_row_14_parked_money_becomes_owed_and_then_leaves_clearing() -> None:
    books = Books()
    books.sell()
    payment = payment_of(books.booking)
    due = books.airline.payment(payment).due
    books.airline.submit(capture(books.booking, due, intent="pi_twice"))
    books.airline.submit(ReturnParkedFunds(payment, "pi_twice"))
    owed = due.amount
    assert books.posted("parked_funds_owed") == {"2020": owed, "2100": -owed}
    (refund,) = books.airline.payment(payment).refunds
    books.airline.record_refund(payment, refund.id, Accepted("re_1"))
    assert books.posted("refund_accepted") == {"2100": owed, "1010": -owed}


def test_rows_15_and_16_a_no_show_is_breakage_and_charges_with_their_tax_go_back() -> None:
    books = Books()
    books.sell("ADT", "ADT")
    books.fly(0)
    assert books.posted("no_show") == {
        "2000": 50_000,
        "4020": -50_000,
        "2310": 2_000,
        "2300": 300,
        "2100": -2_300,
    }
    assert "2000" not in books.balances()


def test_row_21_a_dearer_flight_defers_the_difference_and_the_fee() -> None:
    books = Books()
    books.sell()
    dearer = books.airline.schedule("SV2", in_days=11, fare=60_000)
    due = books.airline.exchange(books.booking, dearer).modification.due
    exchanged = books.posted("exchange")
    assert exchanged["2020"] == due == -(exchanged["2000"] + exchanged["2300"])
    assert exchanged["2000"] == -10_000
    assert "2020" not in books.balances()


def test_row_22_a_cheaper_flight_owes_the_difference_with_its_tax() -> None:
    books = Books()
    books.sell()
    cheaper = books.airline.schedule("SV2", in_days=11, fare=40_000)
    back = books.airline.exchange(books.booking, cheaper).modification.back
    assert books.posted("exchange") == {"2000": 10_000, "2300": 1_500, "2100": -back}
    assert back == 11_500


def test_row_29_a_flight_that_the_airline_cancels_is_owed_in_full() -> None:
    books = Books()
    books.sell()
    airline = books.airline
    airline.wait(days=9)
    airline.submit(CancelFlight(books.flight, "no crew"))
    airline.submit(
        OfferDisruption(books.booking, books.flight, "cancelled", "no crew", material=True)
    )
    airline.submit(RefundDisruption(books.booking, 0))
    assert books.posted("cancellation") == {
        "2000": 50_000,
        "2300": 7_800,
        "2310": 2_000,
        "2100": -59_800,
    }
