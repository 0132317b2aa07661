"""Money that is owed is refunded: which commands follow from which events."""

from application.booking.cancel_booking import Part
from application.booking.grant_refund import GrantRefund
from application.commands import stream_kinds
from application.payment.refund_payment import RefundPayment
from application.processes import refund_when_owed
from domain.kernel import money
from tests.support.house import House, Runs


async def ticketed(house: House, runs: Runs, *party: str) -> str:
    """Return a confirmed booking long before its departure."""
    booking = house.book(house.schedule("SV1"), *party)  # type: ignore[arg-type]  # of a literal
    house.pay(booking)
    await runs.to_the_end()
    runs.commands()
    return booking


async def test_a_cancelled_booking_is_refunded_exactly_what_is_owed_from_its_payments() -> None:
    house = House()
    runs = Runs(house)
    booking = await ticketed(house, runs)
    before = len(house.log.events)
    house.cancel(booking)
    owed = house.booking(booking).obligations[0]
    await runs.runner.run_from(before)
    payments = house.booking(booking).payments
    assert runs.commands() == [RefundPayment(booking, owed.id, owed.amount, payments)]


async def test_two_cancelled_parts_are_two_refunds_however_often_they_are_read() -> None:
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


async def test_the_refund_of_a_change_and_one_granted_by_finance_are_requested_too() -> None:
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
        if refund_when_owed.obligation(recorded) is not None
    ]
    assert starting == ["booking.modification_completed.1", "booking.refund_granted.1"]
    asked = {
        each.obligation: each.amount for each in runs.commands() if hasattr(each, "obligation")
    }
    owed = house.booking(booking).owed()
    assert money.total(list(asked.values()), "SAR") == owed == captured(house)


def captured(house: House) -> money.Money:
    """Return the sum of all captures."""
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


async def test_without_an_obligation_nothing_is_refunded() -> None:
    house = House()
    runs = Runs(house)
    booking = house.book(house.schedule("SV1"))
    house.cancel(booking)
    assert refund_when_owed.obligation(house.last(booking)) is None
    await runs.to_the_end()
    assert runs.commands() == []


def test_every_event_that_may_contain_an_obligation_starts_the_process() -> None:
    owing = {
        event_type
        for event_type in stream_kinds.EVENT_TYPES.values()
        if "obligation" in event_type.__struct_fields__ and event_type.tag.startswith("booking.")
    }
    assert set(refund_when_owed.PROCESS.starts_on) == owing
