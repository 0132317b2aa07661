"""Money that is owed is refunded: which commands follow from which events."""

import datetime as dt

from application.booking.cancel_booking import Part
from application.booking.close_flight import CloseFlight
from application.booking.grant_refund import GrantRefund
from application.booking.reopen_flight import ReopenFlight
from application.commands import stream_kinds
from application.inventory.depart_flight import DepartFlight
from application.inventory.withdraw_departure import WithdrawDeparture
from application.payment.refund_payment import RefundPayment
from application.processes import refund_when_owed
from domain.kernel import money
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns


async def ticketed(airline: MemoryAirline, runs: ProcessRuns, *party: str) -> str:
    """Return a confirmed booking long before its departure."""
    booking = airline.book(airline.schedule("SV1"), *party)  # type: ignore[arg-type]  # of a literal
    airline.pay(booking)
    await runs.to_the_end()
    runs.commands()
    return booking


async def test_a_cancelled_booking_is_refunded_exactly_what_is_owed_from_its_payments() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    booking = await ticketed(airline, runs)
    before = len(airline.log.events)
    airline.cancel(booking)
    owed = airline.booking(booking).obligations[0]
    await runs.runner.run_from(before)
    payments = airline.booking(booking).payments
    assert runs.commands() == [RefundPayment(booking, owed.id, owed.amount, payments)]


async def test_two_cancelled_parts_are_two_refunds_however_often_they_are_read() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    booking = await ticketed(airline, runs, "ADT", "ADT")
    airline.cancel(booking, Part(passengers=(1,)))
    await runs.to_the_end()
    airline.cancel(booking)
    for _ in range(3):
        await runs.to_the_end()
    asked = {each.obligation for each in runs.commands() if isinstance(each, RefundPayment)}
    first, second = airline.booking(booking).obligations
    assert asked == {first.id, second.id}
    payment = airline.booking(booking).payments[0]
    refunds = [tag for tag in airline.tags(payment) if tag.startswith("payment.refund")]
    assert refunds == ["payment.refund_requested.1"] * 2
    assert [m.topic for m in airline.log.outbox].count("refund_payment") == 2


async def test_the_refund_of_a_change_and_one_granted_by_finance_are_requested_too() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    booking = await ticketed(airline, runs)
    airline.modify(booking, airline.schedule("SV2", fare=20_000))
    await runs.to_the_end()
    airline.submit(GrantRefund(booking_id=booking, by="usr_finance"))
    await runs.to_the_end()
    starting = [
        recorded.event.tag
        for recorded in airline.log.streams[booking]
        if refund_when_owed.obligation(recorded.event) is not None
    ]
    assert starting == ["booking.modification_completed.1", "booking.refund_granted.1"]
    asked = {
        each.obligation: each.amount for each in runs.commands() if hasattr(each, "obligation")
    }
    owed = airline.booking(booking).owed()
    assert money.total(list(asked.values()), "SAR") == owed == captured(airline)


def captured(airline: MemoryAirline) -> money.Money:
    """Return the sum of all captures."""
    return money.total(
        [
            recorded.event.amount  # type: ignore[attr-defined]  # of this tag
            for recorded in airline.log.events
            if recorded.event.tag == "payment.captured.1"
        ],
        "SAR",
    )


async def test_the_newest_payment_is_drawn_from_first() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    booking = await ticketed(airline, runs)
    airline.modify(booking, airline.schedule("SV2", fare=90_000))
    airline.pay(booking)
    await runs.to_the_end()
    airline.cancel(booking)
    await runs.to_the_end()
    (asked,) = [each for each in runs.commands() if isinstance(each, RefundPayment)]
    first, second = airline.booking(booking).payments
    assert asked.payment_ids == (second, first)


async def test_without_an_obligation_nothing_is_refunded() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    booking = airline.book(airline.schedule("SV1"))
    airline.cancel(booking)
    assert refund_when_owed.obligation(airline.last(booking).event) is None
    await runs.to_the_end()
    assert runs.commands() == []


def test_every_event_that_may_contain_an_obligation_starts_the_process() -> None:
    owing = {
        event_type
        for event_type in stream_kinds.EVENT_TYPES.values()
        if "obligation" in event_type.__struct_fields__ and event_type.tag.startswith("booking.")
    }
    assert set(refund_when_owed.PROCESS.starts_on) == owing


class NoShow:
    """A booking whose flight has left without its passenger, at noon in Riyadh."""

    def __init__(self) -> None:
        self.airline = MemoryAirline()
        self.runs = ProcessRuns(self.airline)
        self.flight = self.airline.schedule("SV1")
        self.booking = self.airline.ticketed(self.flight)
        self.airline.clock.now = self.airline.flight(self.flight).departs_at
        self.airline.submit(DepartFlight(self.flight, self.airline.clock()))
        self.airline.submit(CloseFlight(self.booking, self.flight))
        (self.owed,) = self.airline.booking(self.booking).obligations

    async def requested(self) -> list[str]:
        """What is refunded after the log was read, and after a timer has run once more."""
        await self.runs.to_the_end()
        await self.runs.runner.run_again(self.booking)
        commands = self.runs.commands()
        return [each.obligation for each in commands if isinstance(each, RefundPayment)]


async def test_a_no_show_is_refunded_once_the_departure_can_no_longer_be_withdrawn() -> None:
    case = NoShow()
    assert await case.requested() == []
    case.airline.wait(hours=12.99)  # The day has ended, the hour after it has not.
    assert await case.requested() == []
    case.airline.wait(hours=0.01)
    assert set(await case.requested()) == {case.owed.id}


async def test_a_no_show_of_a_withdrawn_departure_is_not_refunded() -> None:
    case = NoShow()
    now = case.airline.clock()
    later = now + dt.timedelta(hours=40)
    case.airline.submit(
        WithdrawDeparture(case.flight, later, later + dt.timedelta(hours=2), "crew")
    )
    case.airline.wait(hours=30)
    # The booking is not reopened yet.
    assert case.airline.booking(case.booking).obligations == (case.owed,)
    assert await case.requested() == []
    case.airline.submit(ReopenFlight(case.booking, case.flight, now, "crew"))
    assert await case.requested() == []


async def test_a_refund_granted_by_finance_makes_the_departure_final_for_the_booking() -> None:
    case = NoShow()
    case.airline.submit(GrantRefund(booking_id=case.booking, by="usr_finance"))
    owed = case.airline.booking(case.booking).obligations
    assert set(await case.requested()) == {each.id for each in owed}
    assert len(owed) == 2
