"""Requests that Schemathesis generates from the document: valid, invalid, and one after another.

Every answer has a documented status, headers and shape, none is 500, what breaks the schema is
refused, and no route does without the token that it declares. GENERATED_SEED repeats a run.
"""

import asyncio
import json
import os
import random
import re
import secrets
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import customers, running_system
from tests.support.customers import Customer
from tests.support.running_system import System

# Of one run; all runs together stay within a minute.
SECONDS = 10
# So many of the operations are tried in a run, others in the next: all take minutes.
OPERATION_COUNT = 25
# What is shown of a failed run.
LINE_COUNT, LINE_LENGTH = 150, 400
THIS_RUN = str(secrets.randbelow(2**31))
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
# Answered with 401 from then on, all other requests of a run would be about nothing.
ENDS_THE_SESSION = {"logout", "logoutAll"}
# Not among those that it expects by itself: 413 for a text that is longer than any body may be.
CONFIGURATION = """
[checks]
negative_data_rejection.expected-statuses = ["4xx", 503]
"""
PUBLIC_TAGS = {"Identity", "Search and flights", "Health"}
# Fewer mean that nothing was tried; how many there are depends on the machine.
CASES_AT_LEAST = 1


async def _document(client: httpx.AsyncClient) -> dict[str, Any]:
    """But for `fields`, which leaves required members out of an answer."""
    found: dict[str, Any] = (await client.get("/schema/openapi.json")).json()
    for path in found["paths"].values():
        for operation in path.values():
            parameters = operation.get("parameters", [])
            operation["parameters"] = [each for each in parameters if each["name"] != "fields"]
    return found


async def _generated(
    system: System,
    folder: Path,
    document: dict[str, Any],
    caller: Customer | None,
    *options: str,
) -> str:
    """Run it with this document; returns what it prints, and fails where it found anything."""
    seed = _seed()
    print(f"GENERATED_SEED={seed}")
    (folder / "openapi.json").write_text(json.dumps(document), "utf-8")
    (folder / "schemathesis.toml").write_text(CONFIGURATION, "utf-8")
    command: Sequence[str | Path] = [
        *(Path(sys.executable).with_name("schemathesis"), "run", "openapi.json"),
        *("--url", system.base_url, "--checks", ",".join(CHECKS)),
        *("--max-time", str(SECONDS), "--seed", seed, "--continue-on-failure"),
        *("--no-color", "--suppress-health-check", "all", "--generation-database", "none"),
        *("--warnings", "off", *options),
        *(("-H", f"Authorization: {caller.headers['Authorization']}") if caller else ()),
    ]
    ran = await asyncio.to_thread(
        subprocess.run,
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS * 10,
        check=False,
    )
    # Bodies may be long: what failed is said before them.
    lines = [line[:LINE_LENGTH] for line in (ran.stdout + ran.stderr).splitlines()]
    assert ran.returncode == 0, "\n".join((f"seed {seed}", *lines[-LINE_COUNT:]))
    return ran.stdout


def _number_of_cases(printed: str) -> int:
    found = re.search(r"(\d+) generated", printed)
    assert found is not None, printed
    return int(found[1])


async def test_strangers_get_what_the_document_says_on_public_routes(
    system: System, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    document = await _document(client)
    options = ("--phases", "examples,coverage", *_chosen(document, PUBLIC_TAGS))
    printed = await _generated(system, tmp_path, document, None, *options)
    assert _number_of_cases(printed) >= CASES_AT_LEAST


@pytest.mark.parametrize("role", ["customer", "finance"])
async def test_the_signed_in_get_what_the_document_says_on_every_route(
    system: System, client: httpx.AsyncClient, tmp_path: Path, role: str
) -> None:
    caller = (
        await customers.register(client)
        if role == "customer"
        else await customers.fresh_staff(system, client, role)
    )
    document = await _document(client)
    tags = {each["name"] for each in document["tags"]}
    options = ("--phases", "coverage,fuzzing", "--max-examples", "10", *_chosen(document, tags))
    printed = await _generated(system, tmp_path, document, caller, *options)
    assert _number_of_cases(printed) >= CASES_AT_LEAST


def _chosen(document: dict[str, Any], tags: set[str]) -> list[str]:
    """Options that choose operations of these tags, by the seed."""
    names = sorted(
        each["operationId"]
        for path in document["paths"].values()
        for each in path.values()
        if tags & {*each["tags"]} and each["operationId"] not in ENDS_THE_SESSION
    )
    chosen = random.Random(_seed()).sample(names, min(OPERATION_COUNT, len(names) // 2))
    return [option for name in chosen for option in ("--include-operation-id", name)]


async def test_auditors_get_what_the_document_says_of_the_log(
    system: System, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    """But for the stream, which does not end."""
    printed = await _generated(
        system,
        tmp_path,
        await _document(client),
        await customers.fresh_staff(system, client, "auditor"),
        *("--phases", "coverage,fuzzing", "--max-examples", "5", "--include-tag", "Audit"),
        *("--exclude-operation-id", "followAuditedEvents"),
    )
    assert _number_of_cases(printed) >= CASES_AT_LEAST


def _seed() -> str:
    return os.environ.get("GENERATED_SEED") or THIS_RUN


async def test_a_customer_gets_what_the_document_says_from_one_request_to_the_next(
    system: System, client: httpx.AsyncClient, customer: Customer, tmp_path: Path
) -> None:
    """What the document links to a list of bookings, and to a quote, is called for this one."""
    await customer.reserved([running_system.schedule(system, seats=2)])
    await customers.listed(system, customer, "/api/bookings")
    document = await _document(client)
    # A filter may leave no booking, and then there is none to follow.
    document["paths"]["/api/bookings"]["get"]["parameters"] = []
    printed = await _generated(
        system,
        tmp_path,
        document,
        customer,
        *("--phases", "stateful", "--mode", "positive"),
        *("--include-path-regex", r"^/api/(bookings(/[^/]+(/(history|cancel.*|checkout))?)?)$"),
    )
    covered = re.search(r"API Links: +(\d+) covered", printed)
    assert covered is not None, printed
    assert int(covered[1]) >= 3 or "Time limit reached" in printed, printed
