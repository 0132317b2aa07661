"""Starts every process of the CRUD reference, for `bench journey`, until its input ends.

`python -m tests.bench.crud_stage FOLDER PORT SEATS FLIGHT...`: durable Postgres, Valkey, the
Stripe simulator, and web processes that share one listening socket. It has no workers: each
webhook is worked off where it arrives. It prints the same line as `journey_stage`.
"""

import json
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import psycopg

from tests.bench import bench_setup, crud_sales, reserve_reference
from tests.support import ports

# Stripe's samples fulfil an order on this event alone.
EVENTS = "checkout.session.completed"
# One for each core of the machine that the figures come from.
WEB_PROCESSES = 2
BACKLOG = 2048


def make_tables(dsn: str, flights: Sequence[str], *, seats: int) -> None:
    """Make the tables of the reference and put the flights on sale."""
    departs_at = bench_setup.departure()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(reserve_reference.SCHEMA.encode())
        connection.execute(crud_sales.SCHEMA.encode())
        connection.cursor().executemany(
            f"INSERT INTO crud.flight ({crud_sales.FLIGHT_COLUMNS}) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'RUH', 'JED', %s, %s)".encode(),
            [
                (
                    *reserve_reference.flight_row(
                        flight, seats, departs_at=departs_at, fare=bench_setup.FARE
                    ),
                    departs_at.date(),
                    departs_at + bench_setup.FLIGHT_TIME,
                )
                for flight in flights
            ],
        )


@contextmanager
def served(
    stage: bench_setup.Stage, port: int, *, processes: int = WEB_PROCESSES
) -> Iterator[None]:
    """Serve the reference on the port from several processes."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(BACKLOG)
        for _ in range(processes):
            stack.enter_context(
                bench_setup.child(
                    ["-m", "tests.bench.crud_server", str(listener.fileno())],
                    stage.environment,
                    descriptors=(listener.fileno(),),
                )
            )
        bench_setup.await_live(port)
        yield


def main() -> None:
    """Start, print where, and stop when standard input is closed."""
    _, port, seats, *flights = sys.argv[1:]
    with bench_setup.stage() as stage:
        make_tables(stage.owner_dsn, flights, seats=int(seats))
        stripe_port = ports.free_port()
        with (
            bench_setup.stripe_simulator(
                stage, port=stripe_port, web_port=int(port), events=EVENTS
            ) as stage_with_stripe,
            served(stage_with_stripe, int(port)),
        ):
            print(json.dumps({"port": int(port), "dsn": stage.owner_dsn}), flush=True)
            sys.stdin.read()


if __name__ == "__main__":
    main()
