"""The gateway of text messages: only over TLS, and only whole."""

import pytest

from interfaces import message_composition, settings
from interfaces.settings import SettingRefused
from tests.unit.settings.test_settings import REQUIRED

GATEWAY = {
    "AIS_SMS_URL": "https://hunter2@sms.example/messages",
    "AIS_SMS_TOKEN": "hunter2-sms",
    "AIS_SMS_SENDER": "Rimal Air",
}
SERVER = {
    "AIS_SMTP_URL": "smtps://user:hunter2@mail.example",
    "AIS_MAIL_FROM": "bookings@airline.example",
}


def test_a_gateway_is_read_and_neither_its_token_nor_its_address_is_shown() -> None:
    given = settings.load({**REQUIRED, **GATEWAY})
    assert given.sms_url is not None
    assert given.sms_url.text == GATEWAY["AIS_SMS_URL"]
    assert "hunter2" not in repr(given) + repr(given.sms_url)


@pytest.mark.parametrize("missing", ["AIS_SMS_TOKEN", "AIS_SMS_SENDER"])
def test_a_gateway_needs_a_token_and_a_sender(missing: str) -> None:
    given = {name: text for name, text in GATEWAY.items() if name != missing}
    with pytest.raises(SettingRefused, match=f"{missing} is missing"):
        settings.load({**REQUIRED, **given})


@pytest.mark.parametrize(
    "url",
    [
        "http://sms.example/messages",
        "http://10.0.0.5/messages",
        "http://localhost/messages",
        "ftp://sms.example",
        "https://",
        "sms.example",
    ],
)
def test_no_number_goes_over_a_network_in_the_open(url: str) -> None:
    with pytest.raises(SettingRefused, match="AIS_SMS_URL: a URL such as https://"):
        settings.load({**REQUIRED, **GATEWAY, "AIS_SMS_URL": url})
    on_this_machine = {**GATEWAY, "AIS_SMS_URL": "http://127.0.0.1:8025/messages"}
    assert settings.load({**REQUIRED, **on_this_machine}).sms_url is not None


@pytest.mark.parametrize("sender", ["A name that is long", "Rimal-Air", "+0123", ""])
def test_a_sender_is_what_telephones_can_show(sender: str) -> None:
    with pytest.raises(SettingRefused, match="AIS_SMS_SENDER"):
        settings.load({**REQUIRED, **GATEWAY, "AIS_SMS_SENDER": sender})


def test_text_messages_are_files_only_where_letters_are() -> None:
    assert message_composition.text_outbox_of(settings.load(REQUIRED)) is not None
    assert message_composition.text_outbox_of(settings.load({**REQUIRED, **SERVER})) is None
    assert message_composition.text_outbox_of(settings.load({**REQUIRED, **GATEWAY})) is None
