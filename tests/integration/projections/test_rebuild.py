"""Rebuilding beside the live read model: the same bytes, and no effect on readers."""

import asyncio
import threading

import pytest

from application.booking.record_dispute import RecordDispute
from application.compensation.assess_claim import AssessClaim
from application.compensation.regimes_in_force import regimes_at
from application.credit.issue_credit import IssueCredit
from application.invoicing.report_documents import RecordTaxReport
from application.payment import record_refund
from application.payment.dispute_gateway import ProviderDispute
from domain.booking.state import Booking
from domain.compensation.events import ClaimShare
from domain.kernel.money import Money
from interfaces.cli import check as check_command
from interfaces.cli import rebuild as rebuild_command
from projections import checking, generations, rebuild, runner
from projections.booking_list import queries as bookings
from projections.registry import ALL
from tests.integration.projections.airline import START, Airline, dump
from tests.support.airline import payment_of
from tests.support.tax_documents import issue_on_postgres

ROUNDS = 3
MONTH = "2026-11"


def _ignore(_done: int, _end: int) -> None:
    return


async def _rebuild(airline: Airline, name: str, progress: rebuild.Progress = _ignore) -> int:
    rebuilt = await asyncio.to_thread(rebuild.rebuild, airline.projector_dsn, name, progress)
    return rebuilt.generation


def _generations(airline: Airline, name: str) -> list[int]:
    rows = airline.query(
        "SELECT generation FROM projections.checkpoint WHERE projection = %s ORDER BY 1", name
    )
    return [generation for (generation,) in rows]


async def _business(airline: Airline) -> None:
    sold = [await airline.sell() for _ in range(3)]
    await _tax_documents(airline, sold[0])
    await airline.pay(await airline.reserve(), surplus=5)
    await airline.pay(await airline.reserve(), signed=True)
    await airline.lapse(await airline.reserve())
    await airline.checkout(await airline.reserve())
    await _refunds(airline, await airline.sell())
    await _claim(airline, await airline.sell())
    await _dispute(airline, await airline.sell())
    await airline.submit(IssueCredit(sold[1], Money(5_000, "SAR")))


async def _dispute(airline: Airline, booking: str) -> None:
    """Record a dispute of a part, whose money was not withdrawn yet."""
    payment = payment_of(booking)
    intent = f"pi_{payment}"
    reported = ProviderDispute(
        id="dp_1",
        status="needs_response",
        amount=Money(1_000, "SAR"),
        reason="fraudulent",
        charge=f"ch_{intent}",
        payment_intent=intent,
        evidence_due_at=None,
        submission_count=0,
    )
    await airline.submit(RecordDispute(payment, intent, reported))


async def _tax_documents(airline: Airline, booking: str) -> None:
    """Issue an invoice that is reported, and a credit note that waits."""
    await issue_on_postgres(airline, booking)
    await airline.submit(RecordTaxReport(MONTH, "INV-2026-000001", "rejected", "no-such-seller"))
    await airline.cancel(booking)
    await issue_on_postgres(airline, booking)


async def _refunds(airline: Airline, booking: str) -> None:
    """Record one refund in each state."""
    await airline.refund(booking, obligation="requested")
    for obligation, result in (
        ("unknown", record_refund.Unresolved()),
        ("accepted", record_refund.Accepted("re_1")),
        ("settled", record_refund.Settled("re_2")),
        ("refused", record_refund.Refused("charge_already_refunded")),
        ("failed", record_refund.Failed("re_3", "declined")),
    ):
        payment, refund = await airline.refund(booking, obligation=obligation)
        await airline.record_refund(payment, refund, result)


async def _claim(airline: Airline, booking: str) -> None:
    """Record compensation for the flight, as if it had been cancelled."""
    state: Booking = await airline.booking(booking)
    share = ClaimShare(0, Money(25_000, "SAR"))
    regime = regimes_at((), at=START)[-1]
    flight = state.segments[0].flight
    await airline.submit(AssessClaim(booking, flight, "cancelled", regime, (share,), final=False))


@pytest.mark.parametrize("name", sorted(ALL))
async def test_a_rebuilt_read_model_is_the_live_one_byte_for_byte(
    airline: Airline, name: str
) -> None:
    await _business(airline)
    await airline.append_every_form()
    await airline.catch_up([ALL[name]])
    live = dump(airline.database, generations.schema_of(name, 1))
    assert await _rebuild(airline, name) == 2
    assert dump(airline.database, generations.schema_of(name, 2)) == live
    assert any(live.values())
    assert _generations(airline, name) == [2]
    assert dump(airline.database, generations.schema_of(name, 1)) == {}
    assert await asyncio.to_thread(checking.check, airline.projector_dsn, name) == []


async def test_readers_never_see_an_empty_or_older_table_while_it_is_rebuilt_under_load(
    airline: Airline,
) -> None:
    roomy = await airline.put_on_sale("XX2", seats=1_000_000)
    first = await airline.reserve(roomy)
    await airline.catch_up()
    stop, done = threading.Event(), asyncio.Event()
    runners = asyncio.create_task(asyncio.to_thread(runner.run_all, airline.projector_dsn, stop))
    made = [first]

    async def append() -> None:
        while not done.is_set():
            made.append(await airline.reserve(roomy))

    async def read() -> int:
        reads = most = 0
        while not done.is_set():
            async with airline.pool.connection() as connection:
                cursor = await connection.execute("SELECT count(*) FROM read_model.booking_list")
                [count] = await cursor.fetchone() or (0,)
            assert count >= most
            most, reads = count, reads + 1
        return reads

    working = [asyncio.create_task(append()), asyncio.create_task(read())]
    try:
        for _ in range(ROUNDS):
            await _rebuild(airline, "booking_list")
    finally:
        done.set()
        stop.set()
        stopped = await runners
    [_, reads] = await asyncio.gather(*working)
    assert stopped == {}
    await airline.catch_up()
    assert reads > ROUNDS
    assert _generations(airline, "booking_list") == [1 + ROUNDS]
    assert len(airline.query("SELECT booking FROM read_model.booking_list")) == len(made)
    found = await asyncio.to_thread(checking.check_all, airline.projector_dsn)
    assert found == {name: [] for name in ALL}


async def test_the_live_runner_continues_with_the_new_generation(airline: Airline) -> None:
    await airline.sell()
    await airline.catch_up()
    assert await _rebuild(airline, "booking_list") == 2
    late = await airline.sell()
    await airline.catch_up()
    listed = await bookings.booking(airline.pool, late)
    assert listed is not None
    assert listed.status == "confirmed"


async def test_an_interrupted_rebuild_does_not_affect_readers_and_can_be_repeated(
    airline: Airline,
) -> None:
    await airline.sell()
    await airline.catch_up()
    live = airline.query("SELECT * FROM read_model.booking_list")

    def interrupt(_done: int, _end: int) -> None:
        raise KeyboardInterrupt

    def rebuild_interrupted() -> None:
        with pytest.raises(KeyboardInterrupt):
            rebuild.rebuild(airline.projector_dsn, "booking_list", interrupt)

    await asyncio.to_thread(rebuild_interrupted)
    assert _generations(airline, "booking_list") == [1, 2]
    assert airline.query("SELECT * FROM read_model.booking_list") == live
    assert await _rebuild(airline, "booking_list") == 2
    assert _generations(airline, "booking_list") == [2]
    assert airline.query("SELECT * FROM read_model.booking_list") == live


async def test_a_rebuild_repairs_a_falsified_row(airline: Airline) -> None:
    await airline.sell()
    await airline.catch_up()
    right = airline.query("SELECT * FROM read_model.ledger_balance ORDER BY 1")
    airline.query("UPDATE ledger_journal_g1.ledger_balance SET amount = 7")
    await _rebuild(airline, "ledger_journal")
    assert airline.query("SELECT * FROM read_model.ledger_balance ORDER BY 1") == right


async def test_a_second_rebuild_of_the_same_read_model_is_refused(airline: Airline) -> None:
    def nested(_done: int, _end: int) -> None:
        rebuild.rebuild(airline.projector_dsn, "booking_list", _ignore)

    with pytest.raises(rebuild.RebuildUnderWay):
        await _rebuild(airline, "booking_list", nested)


async def test_a_generation_that_differs_from_the_log_is_never_shown(airline: Airline) -> None:
    await airline.sell()
    await airline.catch_up()

    def falsify(_done: int, _end: int) -> None:
        airline.query("UPDATE booking_list_g2.booking_list SET owner = 'user_9'")

    with pytest.raises(rebuild.RebuildRefused, match="owner is user_9"):
        await _rebuild(airline, "booking_list", falsify)
    [(owner,)] = airline.query("SELECT owner FROM read_model.booking_list")
    assert owner == "user_1"


FALSIFICATIONS = [
    ("flight_availability", "UPDATE {}.flight_availability SET held = held + 1"),
    ("flight_availability", "DELETE FROM {}.flight_availability"),
    ("booking_list", "UPDATE {}.booking_list SET status = 'confirmed' WHERE status <> 'confirmed'"),
    ("booking_list", "DELETE FROM {}.booking_list WHERE status = 'confirmed'"),
    ("booking_list", "UPDATE {}.booking_list SET hold_until = hold_until + interval '1 us'"),
    ("account_changes", "DELETE FROM {}.account_change WHERE kind = 'payment'"),
    ("account_changes", "UPDATE {}.account_change SET kind = 'seats' WHERE kind <> 'seats'"),
    ("account_changes", "UPDATE {}.account_booking SET owner = 'user_9'"),
    ("ledger_journal", "UPDATE {}.ledger_journal SET amount = amount + 1 WHERE line = 1"),
    ("ledger_journal", "DELETE FROM {}.ledger_journal WHERE account = '2300'"),
    ("ledger_journal", "UPDATE {}.ledger_balance SET amount = 0"),
    ("ledger_journal", "UPDATE {}.ledger_booking_balance SET amount = amount + 1"),
    ("ledger_journal", "DELETE FROM {}.ledger_booking_balance"),
    ("ledger_journal", "UPDATE {}.ledger_parked_funds SET reason = 'none'"),
    ("ledger_journal", "DELETE FROM {}.ledger_parked_funds"),
    ("unfinished_attempts", "DELETE FROM {}.unfinished_attempts"),
    ("unfinished_attempts", "UPDATE {}.unfinished_attempts SET status = 'unknown'"),
    ("unfinished_refunds", "DELETE FROM {}.unfinished_refunds WHERE status = 'accepted'"),
    ("unfinished_refunds", "UPDATE {}.unfinished_refunds SET status = 'unknown'"),
    ("unfinished_refunds", "UPDATE {}.unfinished_refunds SET since = since + interval '1 us'"),
    ("open_claims", "UPDATE {}.open_claims SET amount = amount + 1"),
    ("open_claims", "DELETE FROM {}.open_claims"),
    ("credits", "UPDATE {}.credits SET balance = balance + 1"),
    ("credits", "UPDATE {}.credits SET expires_at = expires_at + interval '1 us'"),
    ("credits", "DELETE FROM {}.credits"),
    ("tax_documents", "DELETE FROM {}.tax_documents WHERE kind = 'credit_note'"),
    ("tax_documents", "UPDATE {}.tax_documents SET vat = vat + 1"),
    ("tax_documents", "UPDATE {}.tax_documents SET status = 'waiting', code = NULL"),
]


@pytest.mark.parametrize(("name", "falsification"), FALSIFICATIONS)
async def test_the_checker_finds_a_falsified_row(
    airline: Airline, name: str, falsification: str
) -> None:
    await _business(airline)
    await airline.catch_up([ALL[name]])
    dsn = airline.projector_dsn
    assert await asyncio.to_thread(checking.check, dsn, name) == []
    airline.query(falsification.format(generations.schema_of(name, 1)))
    assert await asyncio.to_thread(checking.check, dsn, name) != []


async def test_the_exit_codes_of_the_commands_show_whether_read_models_are_right(
    airline: Airline, capsys: pytest.CaptureFixture[str]
) -> None:
    await _business(airline)
    await airline.catch_up()
    dsn = airline.projector_dsn
    assert await asyncio.to_thread(check_command.check, dsn=dsn) == 0
    airline.query("UPDATE ledger_journal_g1.ledger_balance SET amount = 0 WHERE account = '1010'")
    assert await asyncio.to_thread(check_command.check, dsn=dsn) == 1
    assert "account 1010 holds 0 SAR" in capsys.readouterr().out
    assert await asyncio.to_thread(rebuild_command.rebuild, "nothing", dsn=dsn) == 2
    assert await asyncio.to_thread(rebuild_command.rebuild, dsn=dsn) == 0
    assert await asyncio.to_thread(check_command.check, dsn=dsn) == 0
