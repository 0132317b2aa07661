"""Compares the rows with the fold of every flight and with the counters of the append."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from application.commands import stream_kinds
from domain.inventory import events as flight_events
from domain.inventory import fold as flight_fold
from domain.inventory import state as flight_state
from projections import reading, rows
from projections.flight_availability.projector import TABLE, CabinRow
from projections.projection import Cursor


def differences(cursor: Cursor, log: reading.Log) -> Iterator[str]:
    """Yield differences in words; requires the generation entered and the snapshot fixed."""
    flights: dict[str, flight_state.Flight] = {}
    for logged in log.with_tags_of(stream_kinds.FLIGHT).events(cursor):
        assert isinstance(logged.event, flight_events.FlightEvent)
        flights[logged.stream] = flight_fold.evolve(flights.get(logged.stream), logged.event)
    expected = {
        f"{name} {cabin.code}": _row(name, flight, cabin)
        for name, flight in flights.items()
        for cabin in flight.cabins.values()
    }
    found = {
        f"{row.flight} {row.cabin}": row
        for row in rows.load_all(cursor, TABLE, CabinRow)
        if row.flight not in log.parked
    }
    yield from reading.compare(expected, found)
    if log.upto == log.head:
        yield from _differences_from_counters(cursor, log)


def _row(name: str, flight: flight_state.Flight, cabin: flight_state.Cabin) -> CabinRow:
    return CabinRow(
        flight=name,
        cabin=cabin.code,
        number=flight.number,
        origin=flight.origin,
        destination=flight.destination,
        origin_zone=flight.origin_zone,
        destination_zone=flight.destination_zone,
        departs_at=flight.departs_at,
        arrives_at=flight.arrives_at,
        local_date=flight.departs_at.astimezone(ZoneInfo(flight.origin_zone)).date(),
        domestic=flight.at_home,
        status=flight.status.value,
        currency=cabin.buckets[0].fare.currency,
        class_codes=[each.code for each in cabin.buckets],
        class_fares=[each.fare.amount for each in cabin.buckets],
        class_limits=[each.seat_limit for each in cabin.buckets],
        class_taken=[each.taken_count for each in cabin.buckets],
        class_residues=[each.residue for each in cabin.buckets],
        aircraft=flight.aircraft,
        departure_terminal=flight.departure_terminal,
        arrival_terminal=flight.arrival_terminal,
        authorised=cabin.authorised_count,
        held=cabin.held_count,
        sold=cabin.sold_count,
        waiting=[each.booking for each in flight.waitlist if each.cabin == cabin.code],
    )


def _differences_from_counters(cursor: Cursor, log: reading.Log) -> Iterator[str]:
    cursor.execute(
        "SELECT coalesce(a.flight, c.flight), coalesce(a.cabin, c.cabin), "
        "  a.authorised, a.held, a.sold, c.authorised, c.held, c.sold "
        "FROM flight_availability AS a FULL JOIN ledger.capacity AS c "
        "  ON c.flight = a.flight AND c.cabin = a.cabin "
        "WHERE coalesce(a.flight, c.flight) <> ALL (%s) "
        "  AND (a.authorised, a.held, a.sold) IS DISTINCT FROM (c.authorised, c.held, c.sold) "
        "ORDER BY 1, 2",
        (list(log.parked),),
    )
    for flight, cabin, *counts in cursor.fetchall():
        yield (
            f"{flight} {cabin}: authorised, held, sold are {counts[:3]}, "
            f"the counters of the log {counts[3:]}"
        )
