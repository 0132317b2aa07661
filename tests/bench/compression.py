"""`ais bench compression`: what compressing an answer costs, and what its client is saved.

The bodies are those of our own routes. Each is compressed by the code of the edge, as if for a
first time; the time that is saved is that of a line of 10 Mbit/s for the bytes that are not sent.
"""

import json
import statistics
import sys
import time
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from domain.kernel.money import Money
from interfaces.http import app, compression, search
from tests.bench.bench_setup import FLIGHT_TIME, departure, flight_names
from tests.bench.result import Case
from tests.support.http_client import http_ports

BITS_PER_SECOND = 10_000_000
FLIGHTS = (6, 12, 60)
ROUNDS = 60
WARM_UP = 5
BAR = 10.0


class Measured(msgspec.Struct, frozen=True):
    """A body in one encoding: bytes before and after, and the median microseconds it took."""

    name: str
    plain: int
    sent: int
    microseconds: float


def run(*, as_json: bool) -> int:
    """Measure, print, and return 0 when every bar holds."""
    console = Console(stderr=as_json)
    measured = [
        _measured(f"{name} {encoding}", body, encoding)
        for name, body in _bodies().items()
        for encoding in compression.COMPRESSORS
    ]
    cases = [_case(each) for each in measured]
    _show(console, measured, cases)
    if as_json:
        print(json.dumps({"bench": "compression", "cases": msgspec.to_builtins(cases)}))
    return 0 if all(case.holds for case in cases) else 1


def _bodies() -> dict[str, bytes]:
    document = app.create_app(http_ports()).openapi_schema.to_schema()
    found = {f"search-{count}": _search(count) for count in FLIGHTS}
    return {**found, "openapi": json.dumps(document).encode()}


def _search(count: int) -> bytes:
    leaves = departure()
    price = Money(48_300, "SAR")
    flights = [
        search.FlightResponse(
            id=name,
            flight_number=name.split("-")[1],
            origin="RUH",
            destination="JED",
            departure_time=leaves,
            arrival_time=leaves + FLIGHT_TIME,
            price=price.amount + 137 * number,
            currency=price.currency,
            available_seats=number * 7 % 180,
            cabin="economy",
        )
        for number, name in enumerate(flight_names("ZZ", count))
    ]
    answer = search.SearchResponse(flights=flights, as_of_position=1, lag_seconds=0.0)
    return msgspec.json.encode(answer)


def _measured(name: str, body: bytes, encoding: str) -> Measured:
    times = []
    sent = b""
    for number in range(WARM_UP + ROUNDS):
        began = time.perf_counter()
        sent = compression.compressed(encoding, body)
        if number >= WARM_UP:
            times.append(time.perf_counter() - began)
    return Measured(name, len(body), len(sent), statistics.median(times) * 1e6)


def _case(measured: Measured) -> Case:
    saved = (measured.plain - measured.sent) * 8 / BITS_PER_SECOND * 1e6
    ratio = saved / measured.microseconds
    ours, reference = round(measured.microseconds, 1), round(saved, 1)
    return Case(measured.name, ours, reference, round(ratio, 1), BAR, ratio >= BAR, "µs")


def _show(console: Console, measured: Sequence[Measured], cases: Sequence[Case]) -> None:
    table = Table(title="compression: its cost beside what a line of 10 Mbit/s saves")
    for column in ("case", "bytes", "sent", "cost", "saved", "ratio", "bar", "holds"):
        table.add_column(column)
    for each, case in zip(measured, cases, strict=True):
        table.add_row(
            each.name,
            f"{each.plain:,}",
            f"{each.sent:,}",
            f"{case.ours:,} {case.unit}",
            f"{case.reference:,} {case.unit}",
            f"{case.ratio}",
            f"{case.bar}",
            "yes" if case.holds else "NO",
        )
    console.print(table)


if __name__ == "__main__":
    raise SystemExit(run(as_json="--json" in sys.argv))
