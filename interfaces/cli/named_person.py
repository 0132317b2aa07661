"""Names a person on the command line, and runs use cases of privacy beside the running system."""

import sys
from collections.abc import Awaitable, Callable

import uvloop

from application.ports import Unavailable
from application.privacy.person import Person, find_person
from application.privacy.ports import PrivacyPorts
from domain.kernel import ids
from domain.kernel.rejections import Rejection
from infrastructure.privacy.export_printer import PdfExportPrinter
from interfaces import composition, privacy_composition
from interfaces.cli import running
from interfaces.web import report

UNKNOWN = "nobody has this address, and no booking or gift card this name"


async def person_named(ports: PrivacyPorts, name: str) -> Person | None:
    """Return the person with this e-mail address, user id, booking reference or gift card id."""
    if "@" in name:
        user = await ports.accounts.with_address(name)
        return None if user is None else await find_person(ports, user)
    return await find_person(ports, ids.booking_id_of(name) or name)


def with_ports(verb: str, ask: Callable[[PrivacyPorts], Awaitable[int]]) -> int:
    """Run it with the system that AIS_* name; returns its exit code, or that of its failure."""

    async def run() -> int:
        async with composition.open_core(running.configured(), report=report) as core:
            return await ask(
                privacy_composition.privacy_on(core, core.bus, printer=PdfExportPrinter())
            )

    try:
        return uvloop.run(run())
    except Rejection as refused:
        print(f"ais {verb}: {refused.code} {dict(refused.parameters)}", file=sys.stderr)
        return running.USAGE_EXIT
    except Unavailable as error:
        print(f"ais {verb}: {type(error).__name__}: {error}", file=sys.stderr)
        return 1


def unknown(verb: str) -> int:
    """Say that there is no such person; returns the exit code."""
    print(f"ais {verb}: {UNKNOWN}", file=sys.stderr)
    return 1
