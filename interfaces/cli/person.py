"""`ais person`: exports all that is held about a person, also about a guest."""

from pathlib import Path

import msgspec
from cyclopts import App

from application.privacy import export_person as exporting
from application.privacy.ports import PrivacyPorts
from application.privacy.print_export import print_export
from interfaces.cli import named_person

person = App(name="person", help="Export all that is held about a person.")


@person.default
def export(name: str, /, *, pdf: Path | None = None) -> int:
    """Print what is held about a person as JSON, opened at this moment.

    Exit codes: 0 done, 1 for an unknown person or when the database does not answer.

    Parameters
    ----------
    name
        The e-mail address of an account, the reference of a guest's booking, or the id of a gift
        card.
    pdf
        Write a PDF to this file instead.
    """

    printed: list[bytes] = []

    async def ask(ports: PrivacyPorts) -> int:
        found = await named_person.person_named(ports, name)
        if found is None:
            return named_person.unknown("person")
        page = await exporting.export_person(ports, found, cursor=None)
        account, streams = page.account, list(page.streams)
        while page.next_cursor is not None:
            page = await exporting.export_person(ports, found, cursor=page.next_cursor)
            streams += page.streams
        every = exporting.PersonExport(found.id, account, streams, None)
        if pdf is not None:
            printed.append(print_export(ports, every))
        else:
            print(msgspec.json.format(msgspec.json.encode(every), indent=2).decode())
        return 0

    exit_code = named_person.with_ports("person", ask)
    for each in printed:
        assert pdf is not None
        pdf.write_bytes(each)
    return exit_code
