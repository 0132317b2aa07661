"""Clients that others' generators make from the document, driven against the running system.

Those for Node are installed with `npm ci --ignore-scripts --prefix tests/support/npm_api`, as CI
does; without it their tests are skipped, and fail where NODE_TOOLS_REQUIRED is set, as by CI.
"""

import datetime as dt
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.support import customers, running_system, typescript_client
from tests.support.customers import Customer
from tests.support.reference import mobile_api, pages
from tests.support.running_system import System
from tests.support.typescript_client import FOLDER, MODULES, TOOLS

SCRIPTS = Path(sys.executable).parent
PYTHON_JOURNEY = """
import sys
import time

from ais_client import AuthenticatedClient, Client
from ais_client.api.booking import create_booking, list_bookings, read_booking, read_calendar
from ais_client.api.identity import mobile_login
from ais_client.api.tax_documents import list_tax_documents, print_tax_document
from ais_client.models import (
    BookingRequest, BookingResponse, ContactRequest, LoginRequest, TokensResponse,
    PassengerRequest, ProblemBody, SparseBookingPageResponse, SparseBookingResponse,
    TaxDocumentsResponse,
)

url, email, password, flight, confirmed = sys.argv[1:]
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
few = read_booking.sync(confirmed, client=api, fields="id,status")
assert isinstance(few, SparseBookingResponse), few
assert few.to_dict() == {"id": confirmed, "status": "confirmed"}
page = list_bookings.sync(client=api, fields="id")
assert isinstance(page, SparseBookingPageResponse), page
assert {"id": confirmed} in page.to_dict()["bookings"]
assert isinstance(read_booking.sync(confirmed, client=api), BookingResponse)
for _ in range(100):
    listed = list_tax_documents.sync(confirmed, client=api)
    assert isinstance(listed, TaxDocumentsResponse), listed
    if listed.documents:
        break
    time.sleep(0.1)
invoice = print_tax_document.sync(confirmed, f"{listed.documents[0].number}.pdf", client=api)
calendar = read_calendar.sync(confirmed, client=api)
print(booking.id, booking.status, unknown.code)
print(calendar.splitlines()[0], invoice.payload.read(4).decode())
"""
NEEDS_NODE = pytest.mark.skipif(
    not os.environ.get("NODE_TOOLS_REQUIRED")
    and (shutil.which("node") is None or not (TOOLS / "newman").exists()),
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


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packed client."""
    begin = time.monotonic()
    path = typescript_client.pack(tmp_path_factory.mktemp("packed") / "my-app")
    print(f"the client was packed in {time.monotonic() - begin:.1f} s")
    return path


def _install(packed: Path, folder: Path) -> None:
    """Install the file in an empty folder: nothing is fetched, and nothing was before."""
    with tempfile.TemporaryDirectory() as cache:
        _ran(
            folder,
            *("npm", "install", "--offline", "--cache", cache, "--ignore-scripts"),
            *("--no-audit", "--no-fund", packed),
        )
    assert (folder / "node_modules" / "ais-client" / "dist" / "index.d.ts").exists()


@NEEDS_NODE
async def test_a_program_with_the_packed_client_registers_books_pays_and_is_confirmed(
    system: System, client: httpx.AsyncClient, packed: Path, tmp_path: Path
) -> None:
    """As the maker of an app begins: an empty folder, the packed file, and no registry.

    The times are shown with `-rP`; no limit is set to them, because machines differ.
    """
    running_system.schedule(system, seats=5, leaves_in=LEAVES_IN)
    begin = time.monotonic()
    _install(packed, tmp_path)
    print(f"the client was installed after {time.monotonic() - begin:.1f} s")
    shutil.copy(FOLDER / "first_booking.mts", tmp_path)
    _ran(
        tmp_path,
        *(TOOLS / "tsc", "first_booking.mts", *typescript_client.STRICT),
        *("--typeRoots", MODULES / "@types", "--types", "node"),
    )
    print(f"the program was compiled after {time.monotonic() - begin:.1f} s")
    email = f"noura-{secrets.token_hex(6)}@example.com"
    printed = _ran(
        tmp_path, "node", "first_booking.mjs", system.base_url, email, customers.PASSWORD, _day()
    )
    print(f"the booking was confirmed after {time.monotonic() - begin:.1f} s")
    found: dict[str, Any] = json.loads(printed)
    traveller = await customers.signed_in_again(Customer(client, {}, email))
    booking = await traveller.booking(found["booking"])
    assert found["status"] == booking["status"] == "confirmed"
    assert found["ticket"] == booking["passengers"][0]["ticketNumber"] is not None
    assert found["repeat"] == found["booking"]
    assert found["samePrice"] is True
    assert found["role"] == "customer"
    # Two requests waited for one renewal of the tokens that were kept.
    assert found["generations"] == ["1", "2"]
    # Of `fields`, and of answers that are no JSON.
    assert found["few"] == ["id", "status"]
    assert found["listed"] == ["confirmed"]
    assert (found["calendar"], found["invoice"]) == ("BEGIN:VCALENDAR", "%PDF")
    assert found["refusal"] == "NOT_FOUND"
    assert any("\u0600" <= letter <= "\u06ff" for letter in found["message"])


@NEEDS_NODE
def test_a_program_that_asks_for_what_is_not_in_the_document_is_not_compiled(
    packed: Path, tmp_path: Path
) -> None:
    """The types of the packed client are those of the document, and not `any`."""
    _install(packed, tmp_path)
    for wrong in (
        'api.GET("/api/meals")',
        'api.POST("/api/auth/mobile-login", { body: { email: "n@example.com" } })',
        'api.GET("/api/auth/me").then(({ data }) => data!.shoeSize)',
    ):
        (tmp_path / "wrong.mts").write_text(
            f'import {{ connect }} from "ais-client";\n'
            f'const {{ api }} = connect({{ baseUrl: "" }});\n{wrong};\n',
            "utf-8",
        )
        with pytest.raises(typescript_client.NotPacked, match=r"wrong\.mts\(3,"):
            typescript_client.run(
                tmp_path, TOOLS / "tsc", "wrong.mts", "--noEmit", *typescript_client.STRICT
            )


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
    confirmed = await customer.confirmed([flight])
    document = json.loads((await _document(client, tmp_path)).read_bytes())
    named = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    (tmp_path / "settings.yaml").write_text(mobile_api.python_settings(document), "utf-8")
    printed = _ran(
        tmp_path,
        *(SCRIPTS / "openapi-python-client", "generate", "--path", "openapi.json"),
        *("--config", "settings.yaml", "--meta", "none", "--output-path", "ais_client"),
    )
    assert not re.search("warning|error", printed, re.IGNORECASE), printed
    functions = {
        path.stem: path.read_text("utf-8") for path in (tmp_path / "ais_client" / "api").glob("*/*")
    }
    for operation in named:
        function = functions[re.sub("(?=[A-Z])", "_", operation).lower()]
        assert "def sync(" in function, operation
    printed = _ran(
        tmp_path,
        *(sys.executable, "-c", PYTHON_JOURNEY, system.base_url),
        *(customer.email, customers.PASSWORD, flight, confirmed["id"]),
    )
    name, status, problem, *files = printed.split()
    assert status == (await customer.booking(name))["status"] == "reserved"
    assert problem == "NOT_FOUND"
    assert files == ["BEGIN:VCALENDAR", "%PDF"]
