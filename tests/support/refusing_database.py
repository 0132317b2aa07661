"""A database that refuses to write as on a full disk (SQLSTATE 53100), by triggers."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

FULL = """
CREATE FUNCTION public.no_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
END
$$;
CREATE TRIGGER no_room BEFORE INSERT ON ledger.command
    FOR EACH STATEMENT EXECUTE FUNCTION public.no_room();
CREATE TRIGGER no_room BEFORE INSERT ON operations.room_probe
    FOR EACH STATEMENT EXECUTE FUNCTION public.no_room();
"""
ROOM = "DROP FUNCTION public.no_room() CASCADE"


@contextmanager
def without_room(owner_dsn: str) -> Iterator[None]:
    """No command can be stored meanwhile, nor a probe be written; reading goes on."""
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(FULL.encode())
        try:
            yield
        finally:
            owner.execute(ROOM.encode())
