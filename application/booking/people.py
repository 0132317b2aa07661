"""Personal data of travellers as it is sealed, and as text after opening."""

import datetime as dt
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from application.ports import Vault
from domain.kernel.sealed import Sealed

ERASED = "(erased)"


class Name(msgspec.Struct, frozen=True):
    """A traveller's name as in the passport."""

    first_name: str
    last_name: str


class Contact(msgspec.Struct, frozen=True):
    """The address and telephone number of the traveller, and the language of letters."""

    email: str
    phone: str | None = None
    locale: Literal["en", "ar"] = "en"


def read_name(plaintext: bytes | None) -> str:
    """Return the name in one line; ERASED where the person was erased."""
    if plaintext is None:
        return ERASED
    name = msgspec.json.decode(plaintext, type=Name)
    return f"{name.first_name} {name.last_name}"


async def sealed_beside(vault: Vault, box: Sealed, plaintext: bytes) -> Sealed | None:
    """Return the plaintext sealed under the key of this box; None where the person was erased.

    Opening the box opens the key, by which the vault can then seal.
    """
    (known,) = await vault.open_all([box])
    return None if known is None else vault.seal(box.subject, plaintext)


def local_time(instant: dt.datetime, zone: str) -> str:
    """Return the local time as `2026-11-24 08:30`."""
    return instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
