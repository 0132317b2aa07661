"""Every stored tag has golden samples, and this release reads and writes them byte for byte."""

from pathlib import Path

import msgspec
import pytest

from application.commands import stream_kinds
from domain.kernel.events import DomainEvent
from infrastructure.event_store import codec
from tests.support import golden_events

EVENT_TYPES = [event_type for _, event_type in sorted(stream_kinds.EVENT_TYPES.items())]


def _tag(event_type: type[DomainEvent]) -> str:
    return event_type.tag


def test_no_golden_sample_is_missing_or_left_over() -> None:
    files = {path.name for path in golden_events.FOLDER.iterdir()}
    assert files == {f"{tag}.json" for tag in stream_kinds.EVENT_TYPES}


@pytest.mark.parametrize("event_type", EVENT_TYPES, ids=_tag)
def test_a_golden_sample_is_decoded_and_encoded_to_the_same_bytes(
    event_type: type[DomainEvent],
) -> None:
    for form, stored in golden_events.read(golden_events.path_of(event_type.tag)).items():
        event = codec.decode(event_type.tag, stored)
        assert type(event) is event_type
        assert codec.encode(event) == stored, form


@pytest.mark.parametrize("event_type", EVENT_TYPES, ids=_tag)
def test_the_golden_samples_show_an_event_with_and_without_its_optional_fields(
    event_type: type[DomainEvent],
) -> None:
    stored = golden_events.read(golden_events.path_of(event_type.tag))
    assert set(stored) == set(golden_events.expected_forms(event_type))
    full = codec.decode(event_type.tag, stored["full"])
    for field in msgspec.structs.fields(event_type):
        if not field.required:
            assert getattr(full, field.name) != field.default
            minimal = codec.decode(event_type.tag, stored["minimal"])
            assert getattr(minimal, field.name) == field.default


def test_the_generator_writes_what_is_missing_and_changes_nothing(tmp_path: Path) -> None:
    changed = golden_events.path_of("payment.captured.1", tmp_path)
    changed.write_bytes(b"{}")
    unknown = tmp_path / "booking.forgotten.1.json"
    unknown.write_bytes(b"{}")
    written = golden_events.write(tmp_path)
    assert len(written.new) == len(stream_kinds.EVENT_TYPES) - 1
    assert written.differing == ["payment.captured.1"]
    assert written.left_over == [unknown.name]
    assert changed.read_bytes() == unknown.read_bytes() == b"{}"
    assert golden_events.write(tmp_path).new == []


def test_the_generator_replaces_only_when_asked(tmp_path: Path) -> None:
    changed = golden_events.path_of("payment.captured.1", tmp_path)
    changed.write_bytes(b"{}")
    unknown = tmp_path / "booking.forgotten.1.json"
    unknown.write_bytes(b"{}")
    golden_events.write(tmp_path, replace=True)
    assert golden_events.read(changed)
    assert not unknown.exists()
    again = golden_events.write(tmp_path)
    assert (again.new, again.differing, again.left_over) == ([], [], [])
