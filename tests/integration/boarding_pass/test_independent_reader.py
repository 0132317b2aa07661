"""The npm package `bcbp`, which shares nothing with ours, reads from a bar code what was put in.

It is installed with `npm ci --ignore-scripts --prefix tests/support/npm_bcbp`, as CI does; without
it these tests are skipped.
"""

import datetime as dt
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.booking import boarding_pass, names
from domain.booking.boarding_pass import BoardingPassFacts
from tests.support import boarding_passes, hypothesis_profile

hypothesis_profile.load()

FOLDER = Path(__file__).resolve().parents[2] / "support" / "npm_bcbp"
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(
    NODE is None or not (FOLDER / "node_modules" / "bcbp").is_dir(),
    reason="the npm package bcbp is not installed",
)
PASSES_AT_A_TIME = 20


def read(passes: list[BoardingPassFacts]) -> list[dict[str, Any]]:
    """What the package reads from the bar codes of these passes."""
    assert NODE is not None
    texts = [
        {"text": boarding_pass.bcbp(each), "year": (each.issued_on or each.flight_date).year}
        for each in passes
    ]
    done = subprocess.run(
        [NODE, str(FOLDER / "read.mjs")],
        input=json.dumps(texts),
        env={**os.environ, "TZ": "UTC"},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def expected(facts: BoardingPassFacts) -> dict[str, Any]:
    """What it must read, by the names that the package gives to the items."""
    digits = facts.flight_number.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    sources = {None: None, **boarding_pass.SOURCES}
    seat = boarding_pass.seat_shown(facts)
    return {
        "operatingCarrierPNR": facts.reference,
        "departureAirport": facts.origin,
        "arrivalAirport": facts.destination,
        "operatingCarrierDesignator": facts.carrier,
        "marketingCarrierDesignator": facts.carrier,
        "boardingPassIssuerDesignator": facts.carrier,
        "flightNumber": f"{int(digits):04d}{facts.flight_number[len(digits) :]}",
        "flightDate": facts.flight_date.isoformat(),
        "issuanceDate": None if facts.issued_on is None else facts.issued_on.isoformat(),
        "compartmentCode": facts.compartment,
        "seatNumber": seat if seat is None or seat == "INF" else seat.rjust(4, "0"),
        "checkInSequenceNumber": f"{facts.sequence:04d}",
        "passengerStatus": facts.passenger_status,
        "airlineNumericCode": facts.ticket[:3],
        "serialNumber": facts.ticket[3:],
        "checkInSource": sources[facts.checked_in_by],
        "boardingPassIssuanceSource": sources[facts.issued_by],
        "documentType": "B",
    }


def found_in(read_pass: dict[str, Any]) -> dict[str, Any]:
    """What the package read, dates as days and what it left out as None."""
    data = read_pass["data"]
    (leg,) = data["legs"]
    values = {**data, **leg}
    for name in ("flightDate", "issuanceDate"):
        if name in values:
            values[name] = values[name].removesuffix("T00:00:00.000Z")
    return values


def assert_read_back(passes: list[BoardingPassFacts]) -> None:
    """The package reads all facts of each pass."""
    for facts, read_pass in zip(passes, read(passes), strict=True):
        values = found_in(read_pass)
        wanted = expected(facts)
        assert {name: values.get(name) for name in wanted} == wanted
        name = names.bar_code_name(facts.surname, facts.given_name)
        assert values["passengerName"] == name.rstrip()
        meta = read_pass["meta"]
        assert (meta["formatCode"], meta["numberOfLegs"]) == ("M", 1)
        assert (meta["electronicTicketIndicator"], meta["versionNumber"]) == ("E", 6)
        # Nothing is left over at the end of a section.
        assert "airlineInfo" not in values
        assert "securityData" not in values


@pytest.mark.parametrize(
    ("facts", "description"),
    [
        (boarding_passes.EXAMPLE, "0"),
        (boarding_passes.WITH_INFANT, "6"),
        (boarding_passes.INFANT, "4"),
        (replace(boarding_passes.EXAMPLE, passenger_type="CHD"), "3"),
        (boarding_passes.BARE, "0"),
        (boarding_passes.LONG_NAME, "0"),
    ],
)
def test_an_independent_reader_finds_the_facts_and_the_kind_of_passenger(
    facts: BoardingPassFacts, description: str
) -> None:
    assert_read_back([facts])
    (read_pass,) = read([facts])
    assert read_pass["data"]["passengerDescription"] == description


def issued(facts: BoardingPassFacts, days: int) -> BoardingPassFacts:
    """The pass, issued so many days before its flight: the package reads its dates by this one."""
    return replace(facts, issued_on=facts.flight_date - dt.timedelta(days=days))


@hypothesis.settings(max_examples=10)
@hypothesis.given(
    st.lists(
        st.builds(issued, boarding_passes.facts, st.integers(0, 2)),
        min_size=1,
        max_size=PASSES_AT_A_TIME,
    )
)
def test_an_independent_reader_finds_the_facts_of_every_pass(
    passes: list[BoardingPassFacts],
) -> None:
    assert_read_back(passes)
