"""Requests that Schemathesis generates from the document: valid, invalid, and one after another.

Every answer has a documented status, headers and shape, none is 500, what breaks the schema is
refused, and no route does without the token that it declares.

A run tries a part of the operations, because all take minutes. Which part and which requests
follows from the number of commits: the same commit tries the same, and each commit the part behind
that of the commit before, so that as many commits in a row as there are parts try every operation.
GENERATED_TURN is tried instead: `GENERATED_TURN=3`, or each of `GENERATED_TURN=0` to `12` for all.
"""

import asyncio
import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import customers, modes, running_system
from tests.support.customers import Customer
from tests.support.running_system import System

# Of the walk along the links, which ends by itself or after this.
SECONDS = 10
# For a machine on which much else runs: what is tried does not depend on its speed.
LIMIT_SECONDS = 400
PART_SIZE = 15
# What is shown of a failed run.
LINE_COUNT, LINE_LENGTH = 150, 400
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
# And the stream, which does not end.
NOT_TRIED = {*ENDS_THE_SESSION, "followAuditedEvents"}
# A policy changes what the travellers of all other tests pay.
POLICIES = "/api/admin/policies/{policy}/proposals/{number}"
HERE = Path(__file__).parent
# Not among those that it expects by itself: 413 for a text that is longer than any body may be.
CONFIGURATION = """
[checks]
negative_data_rejection.expected-statuses = ["4xx", 503]
"""
PUBLIC_TAGS = {"Identity", "Search and flights", "Health"}
# Of each operation that is tried; most have many more.
CASES_AT_LEAST = 3


async def _document(client: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get("/schema/openapi.json")).json()
    return found


async def _generated(
    system: System,
    folder: Path,
    document: dict[str, Any],
    caller: Customer | None,
    *options: str,
) -> str:
    """Run it with this document; returns what it prints, and fails where it found anything."""
    seed = str(_turn())
    print(f"GENERATED_TURN={seed}")
    (folder / "openapi.json").write_text(json.dumps(document), "utf-8")
    (folder / "schemathesis.toml").write_text(CONFIGURATION, "utf-8")
    command: Sequence[str | Path] = [
        *(Path(sys.executable).with_name("schemathesis"), "run", "openapi.json"),
        *("--url", system.base_url, "--checks", ",".join(CHECKS)),
        *("--seed", seed, "--continue-on-failure"),
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
        timeout=LIMIT_SECONDS,
        check=False,
    )
    # Bodies may be long: what failed is said before them.
    lines = [line[:LINE_LENGTH] for line in (ran.stdout + ran.stderr).splitlines()]
    assert ran.returncode == 0, "\n".join((f"GENERATED_TURN={seed}", *lines[-LINE_COUNT:]))
    return ran.stdout


def _number_of_cases(printed: str) -> int:
    found = re.search(r"(\d+) generated", printed)
    assert found is not None, printed
    return int(found[1])


async def test_strangers_get_what_the_document_says_on_public_routes(
    system: System, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    document = await _document(client)
    chosen = part(_names(document, PUBLIC_TAGS), _turn())
    options = ("--phases", "examples,coverage", *_only(chosen))
    printed = await _generated(system, tmp_path, document, None, *options)
    assert _number_of_cases(printed) >= CASES_AT_LEAST * len(chosen)


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
    chosen = part(_names(document, tags), _turn())
    options = ("--phases", "coverage,fuzzing", "--max-examples", "5", *_only(chosen))
    printed = await _generated(system, tmp_path, document, caller, *options)
    assert _number_of_cases(printed) >= CASES_AT_LEAST * len(chosen)


def _names(document: dict[str, Any], tags: set[str]) -> list[str]:
    return sorted(
        each["operationId"]
        for path, operations in document["paths"].items()
        for each in operations.values()
        if tags & {*each["tags"]}
        and each["operationId"] not in NOT_TRIED
        and path not in modes.SWITCHES
        and not path.startswith(POLICIES)
    )


def _only(names: Sequence[str]) -> list[str]:
    return [option for name in names for option in ("--include-operation-id", name)]


def part(names: Sequence[str], turn: int) -> Sequence[str]:
    """Return the part of the operations that this turn tries."""
    count = -(-len(names) // PART_SIZE)
    return names[turn % count :: count]


@functools.cache
def _turn() -> int:
    """Return the number of commits, or what GENERATED_TURN says; 0 where there is no history."""
    chosen = os.environ.get("GENERATED_TURN")
    if chosen is not None:
        return int(chosen)
    command = ("git", "rev-list", "--count", "HEAD")
    counted = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    return int(counted.stdout or "0")


@pytest.mark.parametrize("count", [1, 14, 15, 16, 185])
def test_turns_in_a_row_try_every_operation_once(count: int) -> None:
    names = [f"operation{number}" for number in range(count)]
    turns = -(-count // PART_SIZE)
    for first in (0, 1741):
        tried = [name for turn in range(first, first + turns) for name in part(names, turn)]
        assert sorted(tried) == sorted(names)
        assert all(len(part(names, turn)) <= PART_SIZE for turn in range(turns))


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
        *("--phases", "stateful", "--mode", "positive", "--max-time", str(SECONDS)),
        *("--include-path-regex", r"^/api/(bookings(/[^/]+(/(history|cancel.*|checkout))?)?)$"),
    )
    covered = re.search(r"API Links: +(\d+) covered", printed)
    assert covered is not None, printed
    assert int(covered[1]) >= 3 or "Time limit reached" in printed, printed
