"""Money that is owed is asked back: these events in, exactly these commands out."""

from application.booking.cancel_booking import Part
from application.booking.grant_refund import GrantRefund
from application.payment.refund_payment import RefundPayment
from application.processes import refund_when_owed
from domain.kernel import money
from tests.support.house import House, Runs


async def ticketed(house: House, runs: Runs, *party: str) -> str:
    """A confirmed booking far before departure, its confirmation already asked for."""
    booking = house.book(house.schedule("SV1"), *party)  # type: ignore[arg-type]  # of a literal
    house.pay(booking)
    await runs.to_the_end()
    runs.commands()
    return booking


async def test_a_cancelled_booking_asks_for_exactly_what_is_owed_from_its_payments() -> None:
    house = House()
    runs = Runs(house)
    booking = await ticketed(house, runs)
    before = len(house.log.events)
    house.cancel(booking)
    owed = house.booking(booking).obligations[0]
    await runs.runner.run_from(before)
    payments = house.booking(booking).payments
    assert runs.commands() == [RefundPayment(booking, owed.id, owed.amount, payments)]


async def test_two_parts_given_up_are_two_refunds_however_often_they_are_read() -> None:
    house = House()
    runs = Runs(house)
    booking = await ticketed(house, runs, "ADT", "ADT")
    house.cancel(booking, Part(passengers=(1,)))
    await runs.to_the_end()
    house.cancel(booking)
    for _ in range(3):
        await runs.to_the_end()
    asked = {each.obligation for each in runs.commands() if isinstance(each, RefundPayment)}
    first, second = house.booking(booking).obligations
    assert asked == {first.id, second.id}
    payment = house.booking(booking).payments[0]
    refunds = [tag for tag in house.tags(payment) if tag.startswith("payment.refund")]
    assert refunds == ["payment.refund_requested.1"] * 2
    assert [m.topic for m in house.log.outbox].count("refund_payment") == 2


async def test_what_a_change_gives_back_and_what_finance_grants_is_asked_back_too() -> None:
    house = House()
    runs = Runs(house)
    booking = await ticketed(house, runs)
    house.modify(booking, house.schedule("SV2", fare=20_000))
    await runs.to_the_end()
    house.submit(GrantRefund(booking_id=booking, reason="goodwill"))
    await runs.to_the_end()
    starting = [
        recorded.event.tag
        for recorded in house.log.streams[booking]
        if refund_when_owed.concerns(recorded)
    ]
    assert starting == ["booking.modification_completed.1", "booking.refund_granted.1"]
    asked = {
        each.obligation: each.amount for each in runs.commands() if hasattr(each, "obligation")
    }
    owed = house.booking(booking).owed()
    assert money.total(list(asked.values()), "SAR") == owed == captured(house)


def captured(house: House) -> money.Money:
    """All that the house ever captured."""
    return money.total(
        [
            recorded.event.amount  # type: ignore[attr-defined]  # of this tag
            for recorded in house.log.events
            if recorded.event.tag == "payment.captured.1"
        ],
        "SAR",
    )


async def test_the_newest_payment_is_drawn_from_first() -> None:
    house = House()
    runs = Runs(house)
    booking = await ticketed(house, runs)
    house.modify(booking, house.schedule("SV2", fare=90_000))
    house.pay(booking)
    await runs.to_the_end()
    house.cancel(booking)
    await runs.to_the_end()
    (asked,) = [each for each in runs.commands() if isinstance(each, RefundPayment)]
    first, second = house.booking(booking).payments
    assert asked.payment_ids == (second, first)


async def test_nothing_owed_asks_for_nothing() -> None:
    house = House()
    runs = Runs(house)
    booking = house.book(house.schedule("SV1"))
    house.cancel(booking)
    assert not refund_when_owed.concerns(house.last(booking))
    await runs.to_the_end()
    assert runs.commands() == []
