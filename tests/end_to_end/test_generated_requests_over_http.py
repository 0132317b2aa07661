"""Requests that Schemathesis generates from the document: valid, invalid, and one after another.

Every answer has a documented status, headers and shape, none is 500, what breaks the schema is
refused and no route does without the token that it declares.
"""

import asyncio
import os
import secrets
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support import customers
from tests.support.customers import Customer
from tests.support.running_system import System

SECONDS = 14
# `positive_data_acceptance` is left out: a schema cannot say that a flight has to exist.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)


async def _caller(system: System, client: httpx.AsyncClient, who: str) -> Customer | None:
    if who == "anonymous":
        return None
    if who == "customer":
        return await customers.register(client)
    return await customers.staff(system, client, who)


@pytest.mark.parametrize("who", ["anonymous", "customer", "finance"])
async def test_no_generated_request_gets_what_the_document_does_not_say(
    system: System, client: httpx.AsyncClient, tmp_path: Path, who: str
) -> None:
    """Stripe's own events are generated too, without its signature."""
    caller = await _caller(system, client, who)
    seed = os.environ.get("GENERATED_SEED") or str(secrets.randbelow(2**31))
    print(f"{who}: GENERATED_SEED={seed}")
    command = [
        *(Path(sys.executable).with_name("schemathesis"), "run"),
        f"{system.base_url}/schema/openapi.json",
        *("--checks", ",".join(CHECKS)),
        *("--max-time", str(SECONDS), "--max-examples", "5", "--seed", seed),
        *("--no-color", "--suppress-health-check", "all", "--generation-database", "none"),
        # Who signs out, or registers at each try, is not what is tried here.
        *("--warnings", "off", "--continue-on-failure"),
    ]
    if caller is not None:
        command += ["-H", f"Authorization: {caller.headers['Authorization']}"]
    ran = await asyncio.to_thread(
        subprocess.run,
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS * 6,
        check=False,
    )
    print(ran.stdout[-3000:])
    assert ran.returncode == 0, f"seed {seed}\n{ran.stdout[-6000:]}\n{ran.stderr[-2000:]}"
