"""`ais erase`: erases a person on request, or says what postpones it."""

import asyncio

from cyclopts import App

from application.privacy.ports import PrivacyPorts
from application.privacy.request_erasure import (
    ErasureDetails,
    read_erasure,
    request_erasure,
    withdraw_erasure,
)
from interfaces.cli import named_person

erase = App(name="erase", help="Erase a person, or see what postpones it.")
POLL_SECONDS = 1.0
OPERATOR = "operator"


@erase.default
def request(person: str, /, *, wait: bool = False) -> int:
    """Request the erasure of a person; the scheduler carries it out once nothing is open.

    It cannot be undone once the account is closed. Exit codes: 0 requested or done, 1 for an
    unknown person or when the database does not answer, 3 with `--wait` where something is open.

    Parameters
    ----------
    person
        The e-mail address of an account, the reference of a guest's booking, or the id of a gift
        card.
    wait
        Wait until it is done, unless something is open.
    """

    async def ask(ports: PrivacyPorts) -> int:
        found = await named_person.person_named(ports, person)
        if found is None:
            return named_person.unknown("erase")
        details = await request_erasure(ports, found.id, by=OPERATOR)
        while wait and not details.open and details.erasure.step != "reported":
            await asyncio.sleep(POLL_SECONDS)
            details = await read_erasure(ports, found.id)
        _print(details)
        return 3 if wait and details.open else 0

    return named_person.with_ports("erase", ask)


@erase.command(name="withdraw")
def withdraw(person: str, /) -> int:
    """Withdraw a request, as long as the account is not closed.

    Parameters
    ----------
    person
        As for the request.
    """

    async def ask(ports: PrivacyPorts) -> int:
        found = await named_person.person_named(ports, person)
        if found is None:
            return named_person.unknown("erase")
        await withdraw_erasure(ports, found.id, by=OPERATOR)
        print(f"{found.id}: withdrawn")
        return 0

    return named_person.with_ports("erase", ask)


def _print(details: ErasureDetails) -> None:
    erasure = details.erasure
    keys = "" if erasure.key_count is None else f", {erasure.key_count} keys destroyed"
    print(f"{erasure.person}: {erasure.step}{keys}")
    for each in details.open:
        ends = (
            "until it is dealt with" if each.ends_at is None else f"until {each.ends_at:%Y-%m-%d}"
        )
        print(f"  open: {each.kind} of {each.of}, {ends}")
