"""What is sealed about travellers, and how it is written when opened."""

import datetime as dt
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

ERASED = "(erased)"


class Name(msgspec.Struct, frozen=True):
    """A traveller's name as in the passport."""

    first_name: str
    last_name: str


class Contact(msgspec.Struct, frozen=True):
    """Where the traveller is reached, and in which language."""

    email: str
    phone: str | None = None
    locale: Literal["en", "ar"] = "en"


def read_name(plaintext: bytes | None) -> str:
    """The name as one line; a fixed word where the person was erased."""
    if plaintext is None:
        return ERASED
    name = msgspec.json.decode(plaintext, type=Name)
    return f"{name.first_name} {name.last_name}"


def local_time(instant: dt.datetime, zone: str) -> str:
    """`2026-11-24 08:30` in the zone of the airport."""
    return instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
