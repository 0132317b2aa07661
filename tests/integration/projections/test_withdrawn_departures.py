"""Read models and the counters of the database after a departure that was recorded by mistake."""

import asyncio
import datetime as dt

from application.booking.check_in import Board, CheckIn
from application.booking.close_flight import CloseFlight
from application.booking.reopen_flight import ReopenFlight
from application.inventory.depart_flight import DepartFlight
from application.inventory.withdraw_departure import WithdrawDeparture
from projections import checking
from projections.flight_availability import queries as availability
from projections.registry import ALL
from tests.integration.projections.airline import DEPARTURE, FLIGHT, Airline

HOUR = dt.timedelta(hours=1)


async def test_a_withdrawn_departure_leaves_every_read_model_and_counter_as_the_log_has_it(
    airline: Airline,
) -> None:
    later = await airline.schedule(
        "XX2", seats=2, departs_at=DEPARTURE + 6 * HOUR, route=("JED", "RUH")
    )
    booking = await airline.ticketed((FLIGHT, later), "ADT", "ADT")
    airline.clock.now = DEPARTURE - 1.5 * HOUR
    await airline.submit(CheckIn(booking, 0, (0,)))
    await airline.submit(Board(booking, 0, (0,)))
    airline.clock.now = departed_at = DEPARTURE
    await airline.submit(DepartFlight(FLIGHT, departed_at))
    await airline.submit(CloseFlight(booking, FLIGHT))
    await airline.ticketed(later)
    await airline.submit(
        WithdrawDeparture(FLIGHT, DEPARTURE + HOUR, DEPARTURE + 3 * HOUR, "operational")
    )
    for _ in range(2):
        await airline.submit(ReopenFlight(booking, FLIGHT, departed_at, "operational"))
    await airline.catch_up()
    (oversold,) = await availability.oversold(airline.pool, limit=10)
    assert (oversold.flight, oversold.seats) == (later, 1)
    query = "SELECT status, coupons FROM read_model.booking_list WHERE booking = %s"
    assert airline.query(query, booking) == [("checked_in", "LOOO")]
    differences = await asyncio.to_thread(checking.check_all, airline.projector_dsn)
    assert differences == {name: [] for name in ALL}
