"""A database that refuses to write for want of room: the process changes nothing until it can.

The refusals are the server's own, with the SQLSTATE of a full disk (53100), raised by triggers; with
a disk that is really full they are in `tests/end_to_end/test_full_disk.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.support.servers import TestDatabase

FULL = """
CREATE FUNCTION public.no_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END
$$;
CREATE TRIGGER no_room BEFORE INSERT ON ledger.command
    FOR EACH ROW EXECUTE FUNCTION public.no_room();
CREATE TRIGGER no_room BEFORE INSERT ON operations.room_probe
    FOR EACH ROW EXECUTE FUNCTION public.no_room();
"""
ROOM = "DROP FUNCTION public.no_room() CASCADE"


@contextmanager
def filled(database: TestDatabase) -> Iterator[None]:
    """The server has no room for a command, nor for a probe."""
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute(FULL.encode())
        yield
        owner.execute(ROOM.encode())
