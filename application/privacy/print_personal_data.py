"""Print what is held about a person as a PDF, page by page as it is read."""

import msgspec

from application.privacy.ports import PrivacyPorts
from application.privacy.read_personal_data import PersonalData, read_own_data

TITLE = "Personal data of"


async def print_own_data(ports: PrivacyPorts, user: str, *, cursor: str | None) -> bytes:
    """Return a page of what is held about the caller as a PDF.

    Rejects DataCursorRefused; raises Unavailable.
    """
    return print_data(ports, await read_own_data(ports, user, cursor=cursor))


def print_data(ports: PrivacyPorts, data: PersonalData) -> bytes:
    """Return the data as a PDF."""
    assert ports.printer is not None
    return ports.printer.pdf(f"{TITLE} {data.person}", msgspec.to_builtins(data))
