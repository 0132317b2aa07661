"""What is exported of a person shows every event there is, in each of its forms."""

import msgspec
import pytest

from application.privacy import export_person
from application.privacy.person import boxes_in
from domain.kernel.events import DomainEvent
from tests.support import event_samples


@pytest.mark.parametrize("event", event_samples.all_samples(), ids=lambda event: event.tag)
def test_every_form_of_every_event_is_shown_as_json(event: DomainEvent) -> None:
    texts = dict.fromkeys(boxes_in(event), b"Noura")
    shown = export_person._shown(event, texts, None)
    assert set(msgspec.json.decode(msgspec.json.encode(shown))) <= set(event.__struct_fields__)
