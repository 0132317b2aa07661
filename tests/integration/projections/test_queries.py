"""The queries of the read models, run as the application's role."""

import asyncio
import datetime as dt

import psycopg
import pytest

from application.booking.cancel_booking import Part
from application.booking.resend_refund import ResendRefund
from application.booking.settle_parked_funds import SettleParkedFunds
from application.payment import record_refund
from application.payment.record_attempt import Expired, Opened
from application.payment.record_unmatched import RecordUnmatchedMoney
from application.payment.return_parked_funds import ReturnParkedFunds
from application.queries import BookingFilter, UnappliedMoney
from domain.booking.states import Status
from domain.kernel import money
from projections import checking, progress
from projections.booking_list import queries as bookings
from projections.flight_availability import queries as flights
from projections.ledger_journal import queries as ledger
from projections.unfinished_attempts import queries as attempts
from projections.unfinished_refunds import queries as refunds
from tests.integration.projections.airline import (
    DEPARTURE,
    FARE,
    FLIGHT,
    LOCAL_DATE,
    START,
    Airline,
)
from tests.support.airline import capture, payment_of

LATER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


async def _search(airline: Airline, seat_count: int, **changes: object) -> list[str]:
    wanted = {"origin": "RUH", "destination": "JED", "local_date": LOCAL_DATE, "cabin": "Y"}
    found = await flights.search(airline.pool, seat_count=seat_count, **{**wanted, **changes})
    return [offer.flight for offer in found]


async def _unapplied(airline: Airline, before: dt.datetime) -> dict[str, UnappliedMoney]:
    return {
        item.booking: item for item in await ledger.unapplied_funds(airline.pool, before=before)
    }


def _captured_at(airline: Airline, intent: str) -> dt.datetime:
    [(recorded_at,)] = airline.query(
        "SELECT recorded_at FROM ledger.event WHERE tag = 'payment.captured.1' "
        "AND convert_from(payload, 'UTF8')::jsonb ->> 'intent' = %s",
        intent,
    )
    return recorded_at


async def test_search_finds_a_flight_by_its_local_day_while_enough_seats_are_free(
    airline: Airline,
) -> None:
    await airline.put_on_sale("XX2", seats=3)
    await airline.reserve("flight-XX2-2026-12-24", seats=2)
    await airline.catch_up()
    assert await _search(airline, 1) == [FLIGHT, "flight-XX2-2026-12-24"]
    assert await _search(airline, 2) == [FLIGHT]
    assert await _search(airline, 1, local_date=DEPARTURE.date()) == []
    assert await _search(airline, 1, cabin="C") == []
    assert await _search(airline, 1, origin="JED") == []


async def test_a_flight_shows_its_fare_and_what_is_held_sold_and_free(airline: Airline) -> None:
    await airline.sell()
    await airline.reserve(seats=2)
    lapsing = await airline.reserve(seats=3)
    await airline.lapse(lapsing)
    await airline.catch_up()
    [cabin] = await flights.flight(airline.pool, FLIGHT)
    assert (cabin.authorised, cabin.held, cabin.sold, cabin.free) == (100, 2, 1, 97)
    assert (cabin.lowest_class(1), cabin.currency) == (("Y", FARE, "cash"), "SAR")
    assert (cabin.departs_at, cabin.local_date) == (DEPARTURE, LOCAL_DATE)
    assert await flights.flight(airline.pool, "flight-XX9-2026-12-24") == []


async def test_bookings_are_paged_newest_first_and_only_to_their_owner(airline: Airline) -> None:
    made = [await airline.reserve() for _ in range(5)]
    await airline.reserve(owner="user_2")
    await airline.catch_up()
    seen: list[str] = []
    cursor = None
    sizes = []
    for _ in range(3):
        page = await bookings.owned_by(airline.pool, "user_1", cursor=cursor, limit=2)
        seen += [booking.booking for booking in page.bookings]
        sizes.append(len(page.bookings))
        cursor = page.next_cursor
    assert seen == made[::-1]
    assert sizes == [2, 2, 1]
    assert cursor is None


async def test_a_forged_cursor_or_one_of_another_owner_is_refused(airline: Airline) -> None:
    """Fault row 42: a cursor that this list did not make."""
    for _ in range(2):
        await airline.reserve()
    await airline.catch_up()
    page = await bookings.owned_by(airline.pool, "user_1", cursor=None, limit=1)
    genuine = page.next_cursor
    assert genuine is not None
    last = "A" if genuine[-1] != "A" else "B"
    forged = ["", "x", "é", "!" * 22, genuine[:-1] + last, genuine + "A", "A" * 22, genuine + "="]
    for cursor in forged:
        with pytest.raises(bookings.InvalidCursor):
            await bookings.owned_by(airline.pool, "user_1", cursor=cursor, limit=1)
    with pytest.raises(bookings.InvalidCursor):
        await bookings.owned_by(airline.pool, "user_2", cursor=genuine, limit=1)


async def test_a_booking_is_upcoming_until_the_last_flight_that_it_still_has_leaves(
    airline: Airline,
) -> None:
    there = await airline.put_on_sale("XX2")
    back: str = await airline.schedule(
        "XX3", departs_at=DEPARTURE + dt.timedelta(days=3), route=("JED", "RUH")
    )
    booking: str = await airline.ticketed((there, back), "ADT")
    second = dt.timedelta(seconds=1)

    async def upcoming(now: dt.datetime) -> bool:
        await airline.catch_up()
        found = []
        for wanted in (True, False):
            chosen = BookingFilter(upcoming=wanted, now=now)
            page = await bookings.owned_by(
                airline.pool, "user_1", cursor=None, limit=1, wanted=chosen
            )
            found.append([each.booking for each in page.bookings])
        assert sorted(found) == [[], [booking]]
        return found[0] == [booking]

    last = DEPARTURE + dt.timedelta(days=3)
    assert [await upcoming(each) for each in (START, last, last + second)] == [True, True, False]
    await airline.cancel(booking, Part((0,), (1,)))
    assert [await upcoming(each) for each in (DEPARTURE, DEPARTURE + second)] == [True, False]


async def test_a_list_names_the_flights_of_a_booking_that_are_not_cancelled(
    airline: Airline,
) -> None:
    there = await airline.put_on_sale("XX2")
    back: str = await airline.schedule(
        "XX3", departs_at=DEPARTURE + dt.timedelta(days=3), route=("JED", "RUH")
    )
    booking: str = await airline.ticketed((there, back), "ADT", "ADT")

    async def listed() -> tuple[str, ...]:
        await airline.catch_up()
        page = await bookings.list_bookings(airline.pool, owner="user_1", cursor=None, limit=1)
        return page.bookings[0].flights

    await airline.cancel(booking, Part((0,), (0,)))
    assert await listed() == (there, back)
    await airline.cancel(booking, Part((1,), (0,)))
    assert await listed() == (back,)
    # A booking that is cancelled as a whole is known by what it was.
    await airline.cancel(booking)
    assert await listed() == (there, back)


async def test_a_booking_is_listed_with_its_state_payment_and_tickets(airline: Airline) -> None:
    sold = await airline.sell()
    lapsed = await airline.reserve()
    await airline.lapse(lapsed)
    await airline.catch_up()
    found = await bookings.booking(airline.pool, sold)
    assert found is not None
    assert found.status == Status.CONFIRMED
    assert found.payments == [sold.replace("booking-", "payment-") + "-1"]
    assert found.tickets == ["0650000005000"]
    assert found.updated_at > found.created_at
    expired = await bookings.booking(airline.pool, lapsed)
    assert expired is not None
    assert expired.status == Status.EXPIRED
    assert await bookings.booking(airline.pool, "booking-ZZZZZZ") is None


async def test_holds_are_due_from_their_deadline_and_only_while_reserved(airline: Airline) -> None:
    held = await airline.reserve()
    await airline.sell()
    await airline.catch_up()
    listed = await bookings.booking(airline.pool, held)
    assert listed is not None
    assert listed.hold_until is not None
    early = listed.hold_until - dt.timedelta(microseconds=1)
    assert await bookings.due_holds(airline.pool, early, limit=10) == []
    assert await bookings.due_holds(airline.pool, listed.hold_until, limit=10) == [held]


async def test_the_history_of_a_booking_names_every_event_in_order(airline: Airline) -> None:
    sold = await airline.sell()
    entries = await bookings.history(airline.pool, sold)
    assert [(entry.version, entry.tag) for entry in entries] == [
        (1, "booking.initiated.1"),
        (2, "booking.reserved.1"),
        (3, "booking.paid.1"),
        (4, "booking.confirmed.1"),
    ]
    assert {entry.actor for entry in entries} == {"customer:user_1"}


async def test_the_trial_balance_is_one_canonical_text_that_sums_to_zero(airline: Airline) -> None:
    await airline.sell()
    await airline.catch_up()
    assert await ledger.trial_balance(airline.pool) == (
        b'[{"account":"1010","currency":"SAR","amount":48300},'
        b'{"account":"2000","currency":"SAR","amount":-40000},'
        b'{"account":"2020","currency":"SAR","amount":0},'
        b'{"account":"2300","currency":"SAR","amount":-6300},'
        b'{"account":"2310","currency":"SAR","amount":-2000}]'
    )
    assert sum(row.amount for row in await ledger.trial_balance_rows(airline.pool)) == 0


async def test_the_entries_of_a_booking_name_rule_and_references(airline: Airline) -> None:
    sold = await airline.sell()
    await airline.catch_up()
    lines = await ledger.entries_of(airline.pool, sold)
    assert [(line.rule, line.account, line.amount) for line in lines] == [
        ("capture", "1010", 48_300),
        ("capture", "2020", -48_300),
        ("ticketing", "2020", 48_300),
        ("ticketing", "2000", -40_000),
        ("ticketing", "2300", -6_300),
        ("ticketing", "2310", -2_000),
    ]
    assert lines[0].provider_references == [f"pi_{payment_of(sold)}", f"ch_pi_{payment_of(sold)}"]


async def test_unapplied_funds_are_listed_with_the_reason_they_were_parked_for(
    airline: Airline,
) -> None:
    await airline.sell()
    overpaid = await airline.reserve()
    await airline.pay(overpaid, surplus=1_000)
    waiting = await airline.reserve()
    await airline.pay(waiting, intent="pi_2")
    await airline.catch_up()
    found = await _unapplied(airline, LATER)
    assert found.keys() == {overpaid, waiting}
    assert found[overpaid].amount == 49_300
    assert found[overpaid].reasons == ("overpaid",)
    assert found[waiting].reasons == ()


@pytest.mark.parametrize("at_once", [True, False])
async def test_late_money_leaves_the_list_when_it_takes_the_seats_again(
    airline: Airline, at_once: bool
) -> None:
    booking = await airline.reserve()
    price = (await airline.booking(booking)).price.total()
    await airline.checkout(booking)
    await airline.lapse(booking)
    due = price + money.Money(1_000, price.currency)
    await airline.submit(capture(booking, due, intent="pi_1"))
    if not at_once:
        await airline.catch_up()
        found = await _unapplied(airline, LATER)
        assert found[booking].reasons == ("late",)
    await airline.submit(SettleParkedFunds(payment_of(booking), "pi_1"))
    await airline.catch_up()
    found = await _unapplied(airline, LATER)
    assert found[booking].reasons == ("overpaid",)
    parked = await ledger.parked_captures(airline.pool, before=LATER, limit=9)
    assert parked == [(payment_of(booking), "pi_1")]
    await airline.confirm(booking)
    await airline.submit(SettleParkedFunds(payment_of(booking), "pi_1"))
    await airline.catch_up()
    assert await _unapplied(airline, LATER) == {}
    assert await ledger.parked_captures(airline.pool, before=LATER, limit=9) == []
    differences = await asyncio.to_thread(checking.check_all, airline.projector_dsn)
    assert not any(differences.values()), differences


async def test_parked_money_is_listed_with_its_capture_until_it_is_returned(
    airline: Airline,
) -> None:
    sold = await airline.sell()
    price = (await airline.booking(sold)).price.total()
    for intent in ("pi_2", "pi_3"):
        await airline.submit(capture(sold, price, intent=intent))
    await airline.submit(RecordUnmatchedMoney("pi_9", "ch_9", price))

    async def listed() -> dict[str, list[tuple[str, str]]]:
        await airline.catch_up()
        found = await _unapplied(airline, LATER)
        return {
            name: sorted((each.intent, each.reason) for each in money.parked)
            for name, money in found.items()
        }

    assert await listed() == {
        sold: [("pi_2", "duplicate"), ("pi_3", "duplicate")],
        "pi_9": [("pi_9", "unmatched")],
    }
    await airline.submit(ReturnParkedFunds(payment_of(sold), "pi_2"))
    assert (await listed())[sold] == [("pi_3", "duplicate")]
    await airline.submit(ReturnParkedFunds(payment_of(sold), "pi_3"))
    assert list(await listed()) == ["pi_9"]


async def test_unapplied_funds_are_listed_only_after_a_while(
    airline: Airline,
) -> None:
    twice = await airline.reserve()
    await airline.pay(twice, intent="pi_1")
    price = (await airline.booking(twice)).price.total()
    await airline.confirm(twice)
    waiting = await airline.reserve()
    await airline.pay(waiting, intent="pi_2")
    for duplicate in ("pi_3", "pi_4"):
        await airline.submit(capture(twice, price, intent=duplicate))
    await airline.catch_up()
    found = await _unapplied(airline, LATER)
    assert list(found) == [waiting, twice]
    for booking, intent in ((waiting, "pi_2"), (twice, "pi_3")):
        assert found[booking].since == _captured_at(airline, intent)
    assert list(await _unapplied(airline, found[twice].since)) == [waiting]
    assert await _unapplied(airline, found[waiting].since) == {}


async def test_an_attempt_is_unfinished_until_its_outcome_is_recorded(airline: Airline) -> None:
    booking = await airline.reserve()
    payment, attempt = await airline.checkout(booking)
    await airline.sell()
    await airline.catch_up()
    later = START + dt.timedelta(seconds=1)
    assert await attempts.older_than(airline.pool, START, limit=10) == []
    assert await attempts.older_than(airline.pool, later, limit=10) == [(payment, attempt)]
    await airline.pay(booking)
    await airline.catch_up()
    assert await attempts.older_than(airline.pool, later, limit=10) == []


async def test_a_session_that_has_ended_is_asked_about_until_its_outcome_is_recorded(
    airline: Airline,
) -> None:
    async def ended(until: dt.datetime, since: dt.datetime | None = None) -> list[tuple[str, str]]:
        await airline.catch_up()
        return await attempts.ended_between(airline.pool, since, until, limit=10)

    booking = await airline.reserve()
    payment, attempt = await airline.checkout(booking)
    ends_at = START + dt.timedelta(minutes=30)
    assert await ended(LATER) == []
    await airline.record_attempt(booking, Opened("cs_1", "https://checkout.test", ends_at))
    assert await ended(ends_at) == []
    assert await ended(ends_at + dt.timedelta(seconds=1)) == [(payment, attempt)]
    assert await ended(LATER, ends_at) == [(payment, attempt)]
    assert await ended(LATER, ends_at + dt.timedelta(seconds=1)) == []
    assert await attempts.older_than(airline.pool, LATER, limit=10) == []
    await airline.record_attempt(booking, Expired())
    assert await ended(LATER) == []


async def test_a_refund_is_unanswered_until_stripe_accepts_it_and_accepted_until_it_settles(
    airline: Airline,
) -> None:
    async def listed() -> tuple[list[str], list[str]]:
        await airline.catch_up()
        unanswered = await refunds.unanswered_before(airline.pool, LATER, limit=10)
        accepted = await refunds.accepted_before(airline.pool, LATER, after="", limit=10)
        return [refund[-3:] for _, refund in unanswered], [refund[-3:] for _, refund in accepted]

    booking = await airline.sell()
    payment, first = await airline.refund(booking)
    assert await refunds.unanswered_before(airline.pool, START, limit=10) == []
    _, second = await airline.refund(booking, obligation="goodwill")
    assert await listed() == (["-r1", "-r2"], [])
    await airline.record_refund(payment, first, record_refund.Unresolved())
    assert await listed() == (["-r1", "-r2"], [])
    await airline.record_refund(payment, first, record_refund.Accepted("re_1"))
    await airline.record_refund(payment, second, record_refund.Refused("charge_already_refunded"))
    assert await listed() == ([], ["-r1"])
    await airline.record_refund(payment, second, record_refund.Accepted("re_2"))
    assert await listed() == ([], ["-r1", "-r2"])
    page = await refunds.accepted_before(airline.pool, LATER, after="", limit=1)
    assert page == [(payment, first)]
    page = await refunds.accepted_before(airline.pool, LATER, after=page[-1][1], limit=10)
    assert page == [(payment, second)]
    long_ago = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    assert await refunds.accepted_before(airline.pool, long_ago, after="", limit=10) == []
    await airline.record_refund(payment, first, record_refund.Settled("re_1"))
    await airline.record_refund(payment, second, record_refund.Failed("re_2", "declined"))
    assert await listed() == ([], [])


async def test_a_failed_refund_is_on_the_worklist_until_it_is_sent_again(
    airline: Airline,
) -> None:
    async def listed() -> list[tuple[str, str]]:
        await airline.catch_up()
        found, _ = await refunds.not_refunded(airline.pool)
        return [(each.refund[-3:], each.status) for each in found]

    booking = await airline.sell()
    payment, first = await airline.refund(booking)
    _, second = await airline.refund(booking, obligation="goodwill")
    assert await listed() == []
    await airline.record_refund(payment, first, record_refund.Refused("charge_already_refunded"))
    await airline.record_refund(payment, second, record_refund.Settled("re_2"))
    assert await listed() == [("-r1", "refused")]
    await airline.record_refund(payment, second, record_refund.Failed("re_2", "declined"))
    assert await listed() == [("-r1", "refused"), ("-r2", "failed")]
    await airline.submit(ResendRefund(booking, first))
    assert await listed() == [("-r2", "failed")]
    await airline.record_refund(payment, f"{payment}-r3", record_refund.Settled("re_3"))
    assert await listed() == [("-r2", "failed")]


async def test_readers_can_wait_for_a_position_and_see_how_far_behind_they_are(
    airline: Airline,
) -> None:
    await airline.reserve()
    behind = {lag.projection: lag.behind for lag in await progress.progress_of_all(airline.pool)}
    assert set(behind.values()) == {4}
    with pytest.raises(TimeoutError):
        await progress.wait_until(airline.pool, "booking_list", 4, timeout_seconds=0.05)
    await airline.catch_up()
    await progress.wait_until(airline.pool, "booking_list", 4, timeout_seconds=5)
    assert {lag.behind for lag in await progress.progress_of_all(airline.pool)} == {0}


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE read_model.ledger_balance SET amount = 0",
        "DELETE FROM read_model.booking_list",
        "UPDATE projections.checkpoint SET position = 0",
        "DELETE FROM projections.parked_event",
        "SELECT * FROM booking_list_g1.booking_list",
        "SET ROLE ais_projector",
    ],
)
async def test_the_application_can_only_read_through_the_views(
    airline: Airline, attack: str
) -> None:
    async with airline.pool.connection() as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(attack.encode())


async def test_a_flight_whose_time_has_passed_is_overdue_until_its_departure_is_reported(
    airline: Airline,
) -> None:
    later = await airline.put_on_sale("XX7")
    await airline.catch_up()
    known = await airline.flight(later)
    at = known.departs_at
    before, _ = await flights.overdue_flights(airline.pool, at)
    assert later not in [each.flight for each in before]
    after, as_of = await flights.overdue_flights(airline.pool, at + dt.timedelta(minutes=1))
    assert later in [each.flight for each in after]
    assert as_of.position > 0
    first = await flights.due_departures(airline.pool, at + dt.timedelta(days=1), after="", limit=1)
    rest = await flights.due_departures(
        airline.pool, at + dt.timedelta(days=1), after=first[0], limit=100
    )
    assert len(first) == 1
    assert first[0] not in rest
    assert later in [*first, *rest]
