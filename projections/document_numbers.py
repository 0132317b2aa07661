"""Finds numbers of tickets and other documents that the log gave out twice.

A number names one document (IATA Resolutions 722 and 725f). Serials come from a sequence, without a
constraint that would cost each sale a lookup; so the whole log is read for them now and then.
"""

from collections.abc import Iterator

from domain.booking.events import BookingConfirmed, ModificationCompleted
from domain.kernel.events import DomainEvent
from projections import reading
from projections.projection import Connection
from projections.reading import Log, LogTables

GIVING_OUT = (BookingConfirmed, ModificationCompleted)
# Serials are dense, so a bit for each, in blocks that are made where one is used.
BLOCK_BITS = 1 << 16


class _Numbers:
    """A set of numbers."""

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}

    def add(self, number: int) -> bool:
        """Return whether the number is new, and keep it."""
        block, place = divmod(number, BLOCK_BITS)
        bits = self._blocks.setdefault(block, bytearray(BLOCK_BITS // 8))
        byte, bit = divmod(place, 8)
        is_new = not bits[byte] >> bit & 1
        bits[byte] |= 1 << bit
        return is_new


def given_twice(connection: Connection, tables: LogTables) -> Iterator[str]:
    """Yield each repetition: the number, and the booking and position where it came again.

    Reads the log as of one snapshot. Raises LogIncomplete and UnknownTag.
    """
    given = _Numbers()
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        reading.require_whole(cursor, tables)
        head = reading.read_head(cursor)
        tags = frozenset(each.tag for each in GIVING_OUT)
        log = Log(tags=tags, upto=head, head=head, parked=frozenset(), tables=tables)
        for logged in log.events(cursor):
            for number in _numbers(logged.event):
                if not given.add(int(number)):
                    yield f"{number} was given out again to {logged.stream} at {logged.position}"


def _numbers(event: DomainEvent) -> Iterator[str]:
    match event:
        case BookingConfirmed():
            yield from (each.number for each in event.tickets)
            yield from (each.number for each in event.documents)
        case ModificationCompleted():
            yield from (each.number for each in event.tickets)
