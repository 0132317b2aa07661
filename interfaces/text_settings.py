"""The settings of text messages: the gateway of a provider."""

import ipaddress
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from interfaces.limit_settings import LimitSettings
from interfaces.setting_types import Secret

# 3GPP TS 23.040: a number, or eleven letters and digits.
TextSenderName = Annotated[
    str, msgspec.Meta(pattern=r"^(\+[1-9][0-9]{6,14}|[A-Za-z0-9 ]{1,11})$(?!\n)")
]


class GatewayUrl:
    """An address of HTTPS; of HTTP only on this machine. Never shown: it may hold a login."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError
        if parts.scheme == "http" and not ipaddress.ip_address(parts.hostname).is_loopback:
            raise ValueError
        self.text = text

    def __repr__(self) -> str:
        return "GatewayUrl(…)"


class TextSettings(LimitSettings, frozen=True, kw_only=True):
    """Without a gateway, text messages are files where letters are; else none are sent."""

    sms_url: GatewayUrl | None = None
    sms_token: Secret | None = None
    sms_sender: TextSenderName | None = None


# What each setting means, and the form of its text.
TEXT_ABOUT: Mapping[str, tuple[str, str]] = {
    "sms_url": (
        "gateway that takes text messages, by POST over TLS; without it they are files in a folder "
        "of AIS_DATA_DIR where letters are, and with AIS_SMTP_URL none are sent",
        "a URL such as https://sms.example/messages",
    ),
    "sms_token": ("token that the gateway knows us by", "the text of a bearer token"),
    "sms_sender": (
        "whom telephones show as the sender of text messages",
        "eleven letters and digits at most, or a number such as +966500000000",
    ),
}
