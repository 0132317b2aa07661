"""Stored bytes: every event comes back as it was, and each value has one encoding."""

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.commands import stream_kinds
from domain.booking.events import BookingReserved
from domain.kernel.entries import Entry, Posting
from domain.kernel.events import DomainEvent
from domain.kernel.money import Money
from domain.payment.events import PaymentCaptured
from infrastructure.event_store import codec
from tests.support import strategies

EVENT_TYPES = sorted(stream_kinds.EVENT_TYPES.values(), key=lambda event_type: event_type.tag)


@pytest.mark.parametrize("event_type", EVENT_TYPES, ids=lambda event_type: event_type.tag)
@given(data=st.data())
def test_events_and_their_bytes_survive_the_log_and_only_equal_ones_have_equal_bytes(
    event_type: type[DomainEvent], data: st.DataObject
) -> None:
    one, other = (data.draw(strategies.events_of(event_type)) for _ in range(2))
    stored = [codec.encode(event) for event in (one, other)]
    for event, payload in zip((one, other), stored, strict=True):
        read = codec.decode(event_type.tag, payload)
        assert type(read) is event_type
        assert read == event
        assert codec.encode(read) == payload
    assert (one == other) is (stored[0] == stored[1])


def test_every_tag_names_its_type_and_ends_in_a_version() -> None:
    for tag, event_type in stream_kinds.EVENT_TYPES.items():
        assert event_type.tag == tag
        context, name, version = tag.split(".")
        assert context in stream_kinds.KINDS
        assert name.replace("_", "").isalpha()
        assert int(version) >= 1
    declared = [kind.event_types for kind in stream_kinds.KINDS.values()]
    assert len(stream_kinds.EVENT_TYPES) == sum(len(types) for types in declared)


@given(tag=strategies.texts.filter(lambda text: text not in stream_kinds.EVENT_TYPES))
def test_an_unknown_tag_is_named_and_never_skipped(tag: str) -> None:
    with pytest.raises(codec.UnknownTag) as unknown:
        codec.decode(tag, b"{}")
    assert unknown.value.tag == tag


@pytest.mark.parametrize("event_type", EVENT_TYPES, ids=lambda event_type: event_type.tag)
@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b"\xff", b'{"reason":'])
def test_bytes_that_are_no_event_are_corrupt(event_type: type[DomainEvent], payload: bytes) -> None:
    with pytest.raises(codec.CorruptPayload):
        codec.decode(event_type.tag, payload)


SAYING = [each for each in EVENT_TYPES if any(f.required for f in msgspec.structs.fields(each))]


@pytest.mark.parametrize("event_type", SAYING, ids=lambda event_type: event_type.tag)
def test_an_event_without_its_facts_is_corrupt(event_type: type[DomainEvent]) -> None:
    with pytest.raises(codec.CorruptPayload):
        codec.decode(event_type.tag, b"{}")


@given(entry=strategies.balanced_entries(), difference=st.integers(1, 10**6))
def test_an_entry_that_was_unbalanced_in_the_log_is_corrupt(entry: Entry, difference: int) -> None:
    event = {
        "tickets": [],
        "entry": {
            **msgspec.to_builtins(entry),
            "postings": [
                *msgspec.to_builtins(entry.postings),
                {"account": "1010", "booking": "b", "amount": difference, "currency": "SAR"},
            ],
        },
    }
    with pytest.raises(codec.CorruptPayload):
        codec.decode("booking.confirmed.1", msgspec.json.encode(event))


def test_the_stored_bytes_are_compact_json_with_fields_as_declared() -> None:
    entry = Entry(
        effective_on=dt.date(2026, 11, 20),
        rule="capture",
        version=1,
        references=("pi_1",),
        postings=(Posting("1010", "b", 5, "SAR"), Posting("2020", "b", -5, "SAR")),
    )
    event = PaymentCaptured(
        attempt="a", intent="pi_1", charge="ch_1", amount=Money(5, "SAR"), entry=entry
    )
    assert codec.encode(event) == (
        b'{"attempt":"a","intent":"pi_1","charge":"ch_1","amount":{"amount":5,"currency":"SAR"},'
        b'"entry":{"effective_on":"2026-11-20","rule":"capture","version":1,"references":["pi_1"],'
        b'"postings":[{"account":"1010","booking":"b","amount":5,"currency":"SAR"},'
        b'{"account":"2020","booking":"b","amount":-5,"currency":"SAR"}]}}'
    )


@given(strategies.instants)
def test_an_instant_is_stored_in_utc(instant: dt.datetime) -> None:
    event = BookingReserved(hold_until=instant)
    assert codec.encode(event).endswith(b'Z"}')
