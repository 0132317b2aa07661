"""A seat that was paid for and is lost is replaced or its money comes back; a letter says so."""

from collections.abc import Sequence

import pytest

from application.booking import letters
from application.booking.cancel_booking import CancelBooking
from application.booking.check_in import CheckIn
from application.booking.choose_seats import ChooseSeats, ReviewSeats
from application.booking.complete_modification import AbandonModification
from application.inventory.change_equipment import ChangeEquipment
from application.pricing.signed_quotes import QuoteExpired
from domain.booking import rejections
from domain.booking.cancellation import part_of
from domain.booking.seat_events import SeatExtrasRefunded
from domain.booking.state import Booking
from domain.booking.values import SeatChoice
from domain.inventory.events import CabinLayout, Place
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import PassengerType
from tests.support.memory_airline import MemoryAirline

FRONT = ExtraChoice("FRONT", 0, 0)
LEGROOM = ExtraChoice("LEGROOM", 0, 0)
BAG = ExtraChoice("BAG20", 0, 0)
# 80 riyals and 15 % on a domestic flight.
FRONT_PRICE = 92_00


class Sold:
    """A flight of five rows, in ten days; a party with these extras has tickets for it."""

    def __init__(
        self, *extras: ExtraChoice, party: Sequence[PassengerType] = ("ADT",), paid: bool = True
    ) -> None:
        self.airline = MemoryAirline()
        self.flight = self.airline.schedule("SV1", seats=30, business=150_000)
        self.booking: str = self.airline.book(self.flight, *party, extras=extras)
        if paid:
            self.airline.pay(self.booking)
            self.airline.confirm(self.booking)

    @property
    def state(self) -> Booking:
        """The booking now."""
        found: Booking = self.airline.booking(self.booking)
        return found

    @property
    def seats(self) -> list[str | None]:
        """The seats of the party."""
        return [each.seat for each in self.state.coupons]

    @property
    def codes(self) -> list[str]:
        """The extras that the booking has now."""
        return [each.code for each in self.state.extras]

    def letters(self) -> list[letters.SeatLetter]:
        """The letters about seats."""
        return [each for each in self.airline.log.outbox if isinstance(each, letters.SeatLetter)]

    def equip(self, layout: CabinLayout) -> None:
        """Another aircraft, and the review of the booking."""
        business = CabinLayout("J", 2, 1, "AC")
        self.airline.submit(ChangeEquipment(self.flight, (layout, business), "technical"))
        self.airline.submit(ReviewSeats(self.booking, self.flight, "technical"))


def test_a_paid_seat_that_the_new_aircraft_lacks_is_replaced_by_one_of_its_category() -> None:
    sold = Sold(FRONT)
    assert sold.seats == ["10A"]
    sold.equip(CabinLayout("Y", 30, 40, "ABCDEF"))
    assert sold.seats == ["40A"]
    assert (sold.codes, sold.state.owed().amount) == (["FRONT"], 0)
    (letter,) = sold.letters()
    assert letter.refund == 0


def test_a_paid_seat_without_another_of_its_category_is_refunded_in_full() -> None:
    sold = Sold(FRONT, BAG)
    sold.equip(CabinLayout("Y", 2, 40, "ABCDEF", (40,)))
    assert (sold.seats, sold.codes) == ([None], ["BAG20"])
    assert sold.state.owed().amount == FRONT_PRICE
    (letter,) = sold.letters()
    assert letter.refund == FRONT_PRICE


def test_a_paid_seat_that_keeps_its_number_and_loses_its_category_counts_as_lost() -> None:
    sold = Sold(FRONT)
    sold.airline.submit(ChooseSeats(sold.booking, 0, (Place(0, "11A"),)))
    sold.equip(CabinLayout("Y", 36, 9, "ABCDEF"))
    assert sold.seats == ["9A"]
    sold = Sold(FRONT)
    sold.equip(CabinLayout("Y", 30, 10, "ABCDEF", (10, 11)))
    assert (sold.codes, sold.state.owed().amount) == ([], FRONT_PRICE)


def test_a_refunded_seat_is_neither_refunded_again_nor_kept_at_a_cancellation() -> None:
    sold = Sold(FRONT)
    sold.equip(CabinLayout("Y", 2, 40, "ABCDEF", (40,)))
    sold.airline.submit(ReviewSeats(sold.booking, sold.flight, "technical"))
    assert sold.state.owed().amount == FRONT_PRICE
    captured = sold.state.captured
    assert captured is not None
    quote = sold.airline.cancel(sold.booking)
    assert (quote.price.amount, quote.fee) == (captured.amount - FRONT_PRICE, 0)
    assert sold.state.owed() == captured


def test_a_quote_from_before_a_seat_was_refunded_has_expired() -> None:
    sold = Sold(FRONT)
    quote = sold.airline.quote_cancellation(sold.booking)
    sold.equip(CabinLayout("Y", 2, 40, "ABCDEF", (40,)))
    with pytest.raises(QuoteExpired):
        sold.airline.submit(CancelBooking(quote=quote, reason="requested"))


def test_a_checked_in_passenger_gets_a_seat_of_the_paid_category_first() -> None:
    sold = Sold(LEGROOM)
    sold.airline.wait(days=9, hours=20)
    sold.airline.submit(CheckIn(sold.booking, 0, None))
    sold.equip(CabinLayout("Y", 30, 40, "ABCDEF", (44,)))
    assert sold.seats == ["44A"]
    assert not sold.state.coupons[0].standby


def test_a_paid_seat_is_given_on_the_new_flight_of_a_modification() -> None:
    sold = Sold(FRONT)
    later = sold.airline.schedule("SV2", seats=30, in_days=11)
    sold.airline.exchange(sold.booking, later)
    assert (sold.seats, sold.codes) == (["10A"], ["FRONT"])
    assert sold.airline.flight(later).seat_of(sold.booking, 0) == "10A"
    assert len(sold.letters()) == 1


@pytest.mark.parametrize("fare", [50_000, 60_000])
def test_a_paid_seat_that_the_new_flight_has_not_is_refunded(fare: int) -> None:
    sold = Sold(FRONT)
    later = sold.airline.schedule("SV2", seats=12, in_days=11, fare=fare)
    full = ExtraChoice("FRONT", 0, 0)
    for _ in range(11):
        sold.airline.ticketed(later, extras=(full,))
    sold.airline.book(later, extras=(full,))
    sold.airline.wait(minutes=1)
    with pytest.raises(Exception, match="SEATS_UNAVAILABLE"):
        sold.airline.exchange(sold.booking, later)
    roomy = sold.airline.schedule("SV3", seats=36, in_days=12, fare=fare)
    for _ in range(12):
        sold.airline.book(roomy, extras=(full,))
    quote = sold.airline.exchange(sold.booking, roomy)
    assert sold.codes == []
    assert sold.state.owed().amount == FRONT_PRICE + quote.modification.back
    assert sold.letters()[-1].refund == FRONT_PRICE


def test_a_paid_seat_is_refunded_at_an_upgrade_to_a_cabin_without_any() -> None:
    sold = Sold(FRONT, BAG)
    sold.airline.exchange(sold.booking, sold.flight, cabin="J")
    assert (sold.codes, sold.state.owed().amount) == (["BAG20"], FRONT_PRICE)


def test_a_seat_lost_while_a_modification_awaits_payment_is_refunded_when_that_ends() -> None:
    sold = Sold(FRONT)
    later = sold.airline.schedule("SV2", seats=30, in_days=11, fare=60_000)
    sold.airline.modify(sold.booking, later)
    sold.equip(CabinLayout("Y", 2, 40, "ABCDEF", (40,)))
    assert (sold.codes, sold.state.owed().amount) == (["FRONT"], 0)
    sold.airline.submit(AbandonModification(sold.booking))
    assert (sold.codes, sold.state.owed().amount) == ([], FRONT_PRICE)


def test_a_seat_lost_before_the_payment_is_refunded_with_the_tickets() -> None:
    sold = Sold(FRONT, paid=False)
    sold.equip(CabinLayout("Y", 2, 40, "ABCDEF", (40,)))
    assert (sold.codes, sold.state.owed().amount) == (["FRONT"], 0)
    sold.airline.pay(sold.booking)
    sold.airline.confirm(sold.booking)
    assert (sold.codes, sold.state.owed().amount) == ([], FRONT_PRICE)


def test_a_draft_is_given_no_seat_before_it_holds_any() -> None:
    sold = Sold(paid=False)
    seats = (SeatChoice(0, 0, "10C"),)
    draft = sold.airline.book(sold.flight, extras=(FRONT,), seats=seats, mode="draft")
    sold.airline.submit(ReviewSeats(draft, sold.flight, "technical"))
    assert sold.airline.flight(sold.flight).seat_of(draft, 0) is None


def test_before_the_tickets_a_paid_seat_is_not_exchanged_for_a_plain_one() -> None:
    sold = Sold(FRONT, paid=False)
    with pytest.raises(rejections.NoSuchPart) as refused:
        sold.airline.submit(ChooseSeats(sold.booking, 0, (Place(0, "14A"),)))
    assert refused.value.parameters["reason"] == "seat_of_another_kind"
    sold.airline.pay(sold.booking)
    sold.airline.confirm(sold.booking)
    sold.airline.submit(ChooseSeats(sold.booking, 0, (Place(0, "14A"),)))
    assert (sold.codes, sold.state.owed().amount) == (["FRONT"], 0)


def test_a_letter_is_sent_about_a_chosen_seat_that_is_lost() -> None:
    sold = Sold(party=("ADT", "ADT"))
    sold.airline.submit(ChooseSeats(sold.booking, 0, (Place(0, "14A"),)))
    sold.equip(CabinLayout("Y", 30, 40, "ABCDEF"))
    assert (sold.seats, len(sold.letters())) == ([None, None], 1)
    sold.equip(CabinLayout("Y", 24, 40, "ABCDEF"))
    assert len(sold.letters()) == 1


def test_only_the_extra_of_the_passenger_who_lost_the_seat_is_refunded() -> None:
    both = (FRONT, ExtraChoice("FRONT", 1, 0))
    sold = Sold(*both, party=("ADT", "ADT"))
    sold.equip(CabinLayout("Y", 7, 40, "A", (41, 42)))
    assert [(each.code, each.passenger) for each in sold.state.extras] == [("FRONT", 0)]
    last = sold.airline.last(sold.booking).event
    assert isinstance(last, SeatExtrasRefunded)
    assert [each.passenger for each in last.extras] == [1]
    assert part_of(sold.state, passengers=(1,), segments=None)[0].passenger == 1
