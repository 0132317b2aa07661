"""Clients that others' generators make from the document, driven against the running system.

Those for Node are installed with `npm ci --ignore-scripts --prefix tests/support/npm_api`, as CI
does; without it their tests are skipped.
"""

import datetime as dt
import json
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.support import customers, running_system
from tests.support.customers import Customer
from tests.support.reference import pages
from tests.support.running_system import System

FOLDER = Path(__file__).resolve().parents[1] / "support" / "npm_api"
TOOLS = FOLDER / "node_modules" / ".bin"
SCRIPTS = Path(sys.executable).parent
PYTHON_JOURNEY = """
import sys
from ais_client import AuthenticatedClient, Client
from ais_client.api.booking import create_booking, read_booking
from ais_client.api.identity import mobile_login
from ais_client.models import (
    BookingRequest, BookingResponse, ContactRequest, LoginRequest, TokensResponse,
    PassengerRequest, ProblemBody,
)

url, email, password, flight = sys.argv[1:]
login = mobile_login.sync(client=Client(url), body=LoginRequest(email=email, password=password))
assert isinstance(login, TokensResponse), login
api = AuthenticatedClient(url, token=login.access_token)
wanted = BookingRequest(
    passengers=[PassengerRequest(first_name="Noura", last_name="Alharbi")],
    contact=ContactRequest(email=email),
    flight_id=flight,
)
booking = create_booking.sync(client=api, body=wanted, idempotency_key="python-1")
assert isinstance(booking, BookingResponse), booking
unknown = read_booking.sync("ZZZZZZ", client=api)
assert isinstance(unknown, ProblemBody)
print(booking.id, booking.status, unknown.code)
"""
NEEDS_NODE = pytest.mark.skipif(
    shutil.which("node") is None or not (TOOLS / "newman").exists(),
    reason="Node, or the packages of tests/support/npm_api, are not installed",
)
# Of the demo's schedule: all flights of a week are on sale.
LEAVES_IN = dt.timedelta(days=5)


def _day() -> str:
    there = (dt.datetime.now(dt.UTC) + LEAVES_IN).astimezone(ZoneInfo("Asia/Riyadh"))
    return there.date().isoformat()


def _ran(folder: Path, *command: str | Path) -> str:
    # The generators call their tools by name.
    path = os.pathsep.join((str(SCRIPTS), os.environ["PATH"]))
    ran = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-4000:]
    return ran.stdout


async def _document(client: httpx.AsyncClient, folder: Path) -> Path:
    path = folder / "openapi.json"
    path.write_bytes((await client.get("/schema/openapi.json")).content)
    return path


@NEEDS_NODE
async def test_a_typed_client_books_and_sees_the_problem_of_an_unknown_booking(
    system: System, client: httpx.AsyncClient, customer: Customer, tmp_path: Path
) -> None:
    running_system.schedule(system, seats=5, leaves_in=LEAVES_IN)
    await _document(client, tmp_path)
    (tmp_path / "node_modules").symlink_to(FOLDER / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}', "utf-8")
    shutil.copy(FOLDER / "journey.ts", tmp_path)
    _ran(tmp_path, TOOLS / "openapi-typescript", "openapi.json", "--output", "api.d.ts")
    _ran(
        tmp_path,
        *(TOOLS / "tsc", "journey.ts", "--strict", "--noUncheckedIndexedAccess"),
        *("--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom,dom.iterable"),
        *("--types", "node", "--skipLibCheck"),
    )
    printed = _ran(
        tmp_path,
        *("node", "journey.js", system.base_url, customer.email),
        customers.PASSWORD,
        _day(),
    )
    found: dict[str, Any] = json.loads(printed)
    booking = await customer.booking(found["booking"])
    assert found["status"] == booking["status"] == "reserved"
    assert found["sameTotal"] is True
    assert found["checkout"].startswith("http")
    assert found["unknown"] == "NOT_FOUND"


@NEEDS_NODE
async def test_newman_runs_the_journey_of_the_postman_collection(
    system: System, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    running_system.schedule(system, seats=5, leaves_in=LEAVES_IN)
    values = {
        "baseUrl": system.base_url,
        "email": f"newman-{secrets.token_hex(6)}@example.com",
        "password": customers.PASSWORD,
        "date": _day(),
    }
    _ran(
        tmp_path,
        *(TOOLS / "newman", "run", pages.FOLDER / "postman.json", "--folder", "A journey"),
        *("--reporters", "json", "--reporter-json-export", "report.json"),
        *(part for name, value in values.items() for part in ("--env-var", f"{name}={value}")),
    )
    run = json.loads((tmp_path / "report.json").read_text("utf-8"))["run"]
    assert run["failures"] == []
    assert run["stats"]["assertions"]["total"] == run["stats"]["requests"]["total"] == 7


async def test_a_python_client_books_and_sees_the_problem_of_an_unknown_booking(
    system: System, client: httpx.AsyncClient, customer: Customer, tmp_path: Path
) -> None:
    flight = running_system.schedule(system, seats=5, leaves_in=LEAVES_IN)
    await _document(client, tmp_path)
    printed = _ran(
        tmp_path,
        *(SCRIPTS / "openapi-python-client", "generate", "--path", "openapi.json"),
        *("--meta", "none", "--output-path", "ais_client"),
    )
    # Files are fetched without it: it takes no answer of several media types.
    missing = [line for line in printed.splitlines() if line.startswith(("WARNING", "ERROR"))]
    assert all("/{form}" in line or "/pdf" in line or "/{name}" in line for line in missing)
    printed = _ran(
        tmp_path,
        *(sys.executable, "-c", PYTHON_JOURNEY, system.base_url),
        *(customer.email, customers.PASSWORD, flight),
    )
    name, status, problem = printed.split()
    assert status == (await customer.booking(name))["status"] == "reserved"
    assert problem == "NOT_FOUND"
