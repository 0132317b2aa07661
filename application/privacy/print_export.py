"""Print what is held about a person as a PDF, page by page as it is read."""

import msgspec

from application.privacy.export_person import PersonExport, export_own
from application.privacy.ports import PrivacyPorts

TITLE = "Personal data of"


async def print_own_export(ports: PrivacyPorts, user: str, *, cursor: str | None) -> bytes:
    """Return a page of what is held about the caller as a PDF.

    Rejects AddressNotVerified and ExportCursorRefused; raises Unavailable.
    """
    return print_export(ports, await export_own(ports, user, cursor=cursor))


def print_export(ports: PrivacyPorts, data: PersonExport) -> bytes:
    """Return the data as a PDF."""
    assert ports.printer is not None
    return ports.printer.pdf(f"{TITLE} {data.person}", msgspec.to_builtins(data))
