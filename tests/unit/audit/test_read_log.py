"""What an auditor is shown of an event: its fields, and nothing of what is sealed."""

import datetime as dt
import hashlib
import uuid

import msgspec
import pytest

from application.audit import read_log
from application.audit.ports import LogFilter, LogPage, StoredLogEvent
from application.queries import CursorRefused
from domain.kernel.sealed import Sealed
from infrastructure.event_store import codec
from tests.support import event_samples


class ThreeEvents:
    """A log whose newest event is the third; it has nothing to show."""

    async def head(self) -> int:
        return 3

    async def first(self) -> int:
        return 1

    async def find(self, chosen: LogFilter, *, after: int, until: int, limit: int) -> LogPage:
        assert (after, until) == (3, 3)
        return LogPage([], until, has_more=False)

    async def about_booking(
        self, booking_id: str, *, after: int, until: int, limit: int
    ) -> LogPage:
        raise AssertionError


def stored(payload: bytes) -> StoredLogEvent:
    at = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    return StoredLogEvent(1, "s", 1, "t", at, "a", uuid.UUID(int=0), "c", None, payload)


def test_no_form_of_any_event_shows_ciphertext_and_every_other_field_is_shown() -> None:
    sealed = 0
    for event in event_samples.all_samples():
        payload = codec.encode(event)
        shown = read_log.audited_event(stored(payload))
        assert shown.digest == hashlib.sha256(payload).hexdigest()
        boxes = payload.count(b'"box":"')
        text = msgspec.json.encode(shown.data)
        assert text.count(b'"sealed":true') == boxes
        assert b'"box":"' not in text
        assert shown.data.keys() == msgspec.json.decode(payload).keys()
        sealed += boxes
    assert sealed > 20
    assert set(Sealed.__struct_fields__) == {"subject", "box"}


@pytest.mark.parametrize("after", ["", "-1", "01", "1.0", "x", "9" * 30, "4", "\u0661"])
async def test_a_position_that_the_log_does_not_have_is_refused(after: str) -> None:
    with pytest.raises(CursorRefused) as refused:
        await read_log.read_log(ThreeEvents(), LogFilter(), after=after, limit=1)
    reason = "ahead_of_log" if after == "4" else "unknown"
    assert refused.value.parameters == {"field": "after", "reason": reason}


async def test_a_reader_at_the_end_keeps_its_position() -> None:
    page = await read_log.read_log(ThreeEvents(), LogFilter(), after="3", limit=1)
    assert (page.position, page.has_more) == (3, False)


async def test_an_unknown_type_is_refused_because_nothing_would_ever_come() -> None:
    with pytest.raises(CursorRefused, match="type"):
        await read_log.read_log(ThreeEvents(), LogFilter(tag="booking.gone"), after=None, limit=1)
