"""A database that refuses to write as on a full disk (SQLSTATE 53100), or as one that takes no
writes (25006), by triggers.
"""

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
READ_ONLY = """
CREATE FUNCTION public.read_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'cannot execute INSERT in a read-only transaction' USING ERRCODE = '25006';
END
$$;
CREATE TRIGGER read_only BEFORE INSERT ON operations.room_probe
    FOR EACH STATEMENT EXECUTE FUNCTION public.read_only();
"""
WRITABLE = "DROP FUNCTION public.read_only() CASCADE"
ROOM = "DROP FUNCTION public.no_room() CASCADE"


@contextmanager
def without_room(owner_dsn: str) -> Iterator[None]:
    """No command can be stored meanwhile, nor a probe be written; reading goes on."""
    yield from _refusing(owner_dsn, FULL, ROOM)


@contextmanager
def read_only_probes(owner_dsn: str) -> Iterator[None]:
    """No probe can be written meanwhile, for another reason than room."""
    yield from _refusing(owner_dsn, READ_ONLY, WRITABLE)


def _refusing(owner_dsn: str, begin: str, end: str) -> Iterator[None]:
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(begin.encode())
        try:
            yield
        finally:
            owner.execute(end.encode())
