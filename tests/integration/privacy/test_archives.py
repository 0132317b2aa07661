"""Who is erased is erased in archives of the log too, and no file of them changes."""

import json
from pathlib import Path

import psycopg

from domain.booking.events import BookingInitiated
from domain.kernel.sealed import Sealed
from infrastructure.archive import verifying, writing
from infrastructure.archive.manifest import Archive
from infrastructure.event_store import codec
from infrastructure.parquet import event_file
from tests.integration.ledger.test_exports import require
from tests.integration.privacy.conftest import CONTACT, NAME, Person
from tests.integration.privacy.test_erasures import erased, over


def archived_boxes(folder: Path, archives: list[Archive], booking: str) -> list[Sealed]:
    """What the archives have of the booking's persons."""
    rows = [
        row for each in archives for page in event_file.read(folder / each.file) for row in page
    ]
    for needle in (NAME.split()[1], CONTACT["email"]):
        assert needle is not None
        assert not any(needle.encode() in row[9] for row in rows)
    [payload] = [row[9] for row in rows if (row[1], row[3]) == (booking, BookingInitiated.tag)]
    event = codec.decode(BookingInitiated.tag, payload)
    assert isinstance(event, BookingInitiated)
    assert event.passengers[0].name is not None
    return [event.passengers[0].name, event.contact]


async def test_an_archive_has_sealed_persons_whom_an_erasure_closes_for_ever(
    person: Person, tmp_path: Path
) -> None:
    require("pyarrow")
    booking = await over(person)
    with psycopg.connect(person.airline.database.owner_dsn, autocommit=True) as connection:
        written = writing.write(connection, tmp_path, positions=1, progress=lambda *_: None)
        boxes = archived_boxes(tmp_path, written, booking)
        name, contact = await person.vault.open_all(boxes)
        assert name is not None
        assert json.loads(name)["last_name"] == NAME.split()[1]
        assert contact is not None
        await erased(person)
        assert await person.vault.open_all(archived_boxes(tmp_path, written, booking)) == [
            None,
            None,
        ]
        found = verifying.verify(tmp_path, connection, lambda *_: None)
        assert found.compared == len(written)
