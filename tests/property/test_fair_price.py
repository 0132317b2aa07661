"""What a customer must have paid at least does not grow by what the airline itself moves."""

from application.booking.cancel_booking import Part
from application.commands.command import Outcome
from application.pricing.journeys import WantedSegment
from domain.booking.states import Status
from tests.property.test_booking_machine import Life

# Indexes of the machine's flights: out, back home two days later, and abroad twenty hours after
# that, which makes one journey abroad of the last two.
OUT, HOME, ABROAD = 0, 2, 3
# It makes a stopover of the twenty hours, so that a flight home is taxed, and asks nobody.
MOVE_MINUTES = 300


def _scheduled() -> Life:
    machine = Life()
    machine.schedule([6, 6, 6, 6, 6], 24 * 10)
    return machine


def _bought(machine: Life, journey: tuple[int, ...], *, paid: bool = True) -> str:
    created = machine.submit(
        0, machine._create(machine._wanted(journey, ("ADT",), "Y", "Y", (), None), "hold")
    )
    assert isinstance(created, Outcome)
    stream: str = created.answer.stream
    if paid:
        _pay(machine, stream)
    return stream


def _pay(machine: Life, stream: str) -> None:
    machine.pay(0, stream)
    machine.submit(0, machine.confirmation(stream))
    assert machine.booking(stream).status is Status.CONFIRMED


def _move(machine: Life) -> None:
    machine.reschedule(process=0, index=ABROAD, minutes=MOVE_MINUTES, offers=False)


def test_a_ticket_that_the_airline_moves_to_another_tax_owes_nothing_more() -> None:
    machine = _scheduled()
    stream = _bought(machine, (HOME, ABROAD))
    machine.everything_holds()
    before = machine.fair_price.least(stream)
    assert before
    _move(machine)
    machine.correct_name(process=0, which=0, passenger=0, distance=1)
    machine.everything_holds()
    assert machine.fair_price.least(stream) == before


def test_a_hold_that_the_airline_moves_before_it_is_paid_owes_what_was_agreed() -> None:
    machine = _scheduled()
    stream = _bought(machine, (HOME, ABROAD), paid=False)
    machine.everything_holds()
    _move(machine)
    _pay(machine, stream)
    machine.everything_holds()
    assert machine.fair_price.least(stream)


def test_a_quote_taken_after_the_airline_has_moved_the_flight_owes_what_it_says() -> None:
    machine = _scheduled()
    stream = _bought(machine, (HOME, ABROAD))
    quote = machine.quote_change(stream, 0, WantedSegment(machine.flights[HOME], "J"))
    assert quote is not None
    _move(machine)
    machine.modify(process=0, quote=quote)
    machine.pay(0, stream)
    machine.submit(0, machine.completion(stream))
    machine.everything_holds()
    assert machine.booking(stream).segments[0].cabin == "J"
    assert machine.fair_price.least(stream)


def test_what_the_customer_cancels_still_makes_the_rest_dearer() -> None:
    machine = _scheduled()
    stream = _bought(machine, (HOME, ABROAD))
    quote = machine.quote_cancel(stream, Part(segments=(1,)))
    assert quote is not None
    assert quote.tax > 0
    machine.cancel(process=0, quote=quote)
    machine.everything_holds()
    with_tax = machine.fair_price.least(stream)
    assert with_tax is not None
    kept = machine._kept_of(stream)
    # Without the tax of the flight home the customer would have paid less than the least.
    assert kept - quote.tax < with_tax <= kept


def test_a_fee_counts_from_the_tax_that_a_coupon_was_sold_with_and_not_from_a_later_one() -> None:
    machine = Life()
    machine.schedule([6, 6, 6, 6, 6], 0)
    stream = _bought(machine, (OUT, HOME, ABROAD))
    for segment in (2, 1):
        quote = machine.quote_cancel(stream, Part(segments=(segment,)))
        assert quote is not None
        machine.cancel(process=0, quote=quote)
    machine.everything_holds()
    assert machine.fair_price.least(stream)
