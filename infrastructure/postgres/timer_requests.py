"""Asks the scheduler that leads how its timers stand, and to begin one now, by NOTIFY.

Nothing is stored: a request that nobody hears is lost, and the caller learns that.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Annotated

import msgspec
import psycopg

from application.coordination import Channel, Lock
from application.ports import Unavailable
from infrastructure.postgres.pool import Pool

CONNECT_SECONDS = 5
# A scheduler that has just begun to lead may not listen yet: the request is sent once more.
TRIES = 5
TRY_SECONDS = 2.0
# Six bytes of JSON at most for a character: the answer about all timers fits into a notice.
ID_LENGTH = 64

LEADS = (
    "SELECT EXISTS (SELECT FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database "
    "WHERE d.datname = current_database() AND l.locktype = 'advisory' "
    "AND l.classid = 0 AND l.objid = %s AND l.objsubid = 1 AND l.granted)"
)
_NOTIFY = "SELECT pg_notify(%s, %s)"


class NoSchedulerLeads(Exception):
    """No process of this database is the scheduler that leads."""


class TimerState(msgspec.Struct, frozen=True, array_like=True):
    """How a timer stands at the scheduler that leads.

    `begun_at` is when it last began to look for what is due, None before the first time since this
    scheduler leads; `next_at` is when it looks again. `tasks` is how many it found then. `waits` is
    true while it was asked to begin and could not, as the queue or the database does not answer.
    """

    name: str
    begun_at: dt.datetime | None
    next_at: dt.datetime
    tasks: int
    waits: bool


class TimerRequest(msgspec.Struct, frozen=True, array_like=True):
    """Begin this timer now; without a name only report all.

    Any login may send one, so the id is bounded: the answer repeats it.
    """

    id: Annotated[str, msgspec.Meta(max_length=ID_LENGTH)]
    name: str | None


class _Answer(msgspec.Struct, frozen=True, array_like=True):
    id: str
    timers: tuple[TimerState, ...]


def read_request(payload: str) -> TimerRequest | None:
    """Return the request of a notice; None for what is none."""
    try:
        return msgspec.json.decode(payload, type=TimerRequest)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


def encoded_request(request: TimerRequest) -> str:
    """Return the payload of a request."""
    return msgspec.json.encode(request).decode()


def encoded_answer(request: TimerRequest, timers: Sequence[TimerState]) -> str:
    """Return the payload of an answer, which PostgreSQL limits to 7,999 bytes."""
    return msgspec.json.encode(_Answer(request.id, tuple(timers))).decode()


async def answer(pool: Pool, request: TimerRequest, timers: Sequence[TimerState]) -> None:
    """Send the states to who asked; raises psycopg.OperationalError."""
    payload = encoded_answer(request, timers)
    async with pool.connection() as connection:
        await connection.execute(_NOTIFY, (Channel.TIMER_ANSWER, payload))


def ask(dsn: str, name: str | None = None) -> Sequence[TimerState]:
    """Have this timer begin now and return its state; without a name, return all states.

    Raises NoSchedulerLeads; Unavailable where the database or the scheduler does not answer.
    """
    request = TimerRequest(uuid.uuid4().hex, name)
    try:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=CONNECT_SECONDS) as connection:
            row = connection.execute(LEADS, (int(Lock.SCHEDULER_LEADER),)).fetchone()
            if row is None or not row[0]:
                raise NoSchedulerLeads
            connection.execute(f"LISTEN {Channel.TIMER_ANSWER}".encode())
            for _ in range(TRIES):
                found = _asked_once(connection, request)
                if found is not None:
                    return found
    except psycopg.Error as error:
        raise Unavailable(f"database: {type(error).__name__}") from None
    raise Unavailable("the scheduler that leads does not answer")


def _asked_once(
    connection: psycopg.Connection[tuple[object, ...]], request: TimerRequest
) -> Sequence[TimerState] | None:
    connection.execute(_NOTIFY, (Channel.TIMER, encoded_request(request)))
    for notice in connection.notifies(timeout=TRY_SECONDS):
        if notice.channel != Channel.TIMER_ANSWER:
            continue
        found = msgspec.json.decode(notice.payload, type=_Answer)
        if found.id == request.id:
            return found.timers
    return None
