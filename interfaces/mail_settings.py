"""The settings of mail: the server that takes letters, and the folder of those that came back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

import msgspec

from interfaces.text_settings import TextSettings

# The ports of RFC 8314 and RFC 6409.
PORTS = {"smtps": 465, "smtp": 587}
MailAddress = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,180}$(?!\n)")
]


class SmtpAddress:
    """A server and, perhaps, a login, such as smtps://user:password@mail.example; never shown."""

    __slots__ = ("encrypted_from_start", "host", "password", "port", "username")

    def __init__(self, text: str) -> None:
        parts = urlsplit(text)
        if parts.scheme not in PORTS or not parts.hostname or parts.path or parts.query:
            raise ValueError
        if (parts.username is None) != (parts.password is None):
            raise ValueError
        self.encrypted_from_start = parts.scheme == "smtps"
        self.host = parts.hostname
        self.port = parts.port or PORTS[parts.scheme]
        self.username = None if parts.username is None else unquote(parts.username)
        self.password = None if parts.password is None else unquote(parts.password)

    def __repr__(self) -> str:
        return "SmtpAddress(…)"


class MailSettings(TextSettings, frozen=True, kw_only=True):
    """Without a server, letters are files in a folder of `data_dir`."""

    smtp_url: SmtpAddress | None = None
    mail_from: MailAddress | None = None
    bounce_maildir: Path | None = None


# What each setting means, and the form of its text.
MAIL_ABOUT: Mapping[str, tuple[str, str]] = {
    "smtp_url": (
        "server that takes letters, always over TLS: `smtps` from the start, `smtp` by STARTTLS; "
        "without it letters are files in a folder of AIS_DATA_DIR",
        "a URL such as smtps://user:password@host:465",
    ),
    "mail_from": (
        "address that letters are sent from, and to which bounces go",
        "an address such as bookings@airline.example",
    ),
    "bounce_maildir": (
        "Maildir that gets the mail of AIS_MAIL_FROM: reports of letters that came back are "
        "recorded, and every file is removed",
        "a folder",
    ),
}
