"""What uses `Together` makes one call of those that arrive at once."""

import asyncio
import datetime as dt
from collections.abc import Mapping
from typing import Any, cast

from application import ports
from application.flight_searches import FlightOffer
from application.payment.receive_event import InboxEvent
from application.queries import AsOf
from domain.kernel.sealed import Sealed
from infrastructure.event_store.log import PostgresEventLog
from infrastructure.postgres.inbox import StripeInbox
from infrastructure.postgres.pool import Pool
from interfaces import read_composition

NO_POOL = cast(Pool, None)


class Log(PostgresEventLog):
    """Answers with nothing and remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__("", NO_POOL)
        self.asked: list[Mapping[str, int]] = []

    async def _read_after(self, versions: Mapping[str, int]) -> list[ports.RecordedEvent]:
        self.asked.append(versions)
        return []


class Inbox(StripeInbox):
    """Stores all that it is given and counts the statements."""

    def __init__(self) -> None:
        super().__init__(NO_POOL)
        self.statements = 0

    async def _execute(
        self,
        query: str,
        parameters: Mapping[str, object] | tuple[object, ...],
    ) -> list[tuple[Any, ...]]:
        self.statements += 1
        assert isinstance(parameters, tuple)
        return [(subject,) for subject in cast(list[str], parameters[5])]


async def test_streams_that_are_read_at_once_are_one_query_from_the_earliest_version() -> None:
    log = Log()
    await asyncio.gather(log.read_after({"a": 3, "b": 1}), log.read_after({"a": 2}))
    assert log.asked == [{"a": 2, "b": 1}]


async def test_events_that_arrive_at_once_are_stored_by_one_statement() -> None:
    inbox = Inbox()

    def store(number: int) -> Any:
        return inbox.store(
            InboxEvent(f"evt_{number}", "charge.updated", "ch_1", "new", 0),
            reason=None,
            body=Sealed(f"sub_{number}", b"box"),
            key=ports.WrappedKey(f"sub_{number}", b"key"),
        )

    assert await asyncio.gather(*map(store, range(5))) == ["fresh"] * 5
    assert inbox.statements == 1


async def test_those_who_search_for_the_same_at_once_share_a_query_and_others_do_not() -> None:
    asked: list[str] = []

    async def search(*, origin: str, **_: object) -> tuple[list[FlightOffer], AsOf]:
        asked.append(origin)
        return [], AsOf(len(asked), 0.0)

    shared = read_composition._sharing(search)

    async def ask(origin: str) -> int:
        day = dt.date(2027, 1, 1)
        found = await shared(
            origin=origin, destination="JED", local_date=day, cabin="Y", seat_count=1
        )
        return found[1].position

    assert await asyncio.gather(ask("RUH"), ask("DMM"), ask("RUH")) == [1, 2, 1]
    assert asked == ["RUH", "DMM"]
