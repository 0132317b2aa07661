"""Personal data of travellers as it is sealed, and as text after opening."""

import datetime as dt
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from application.ports import Vault
from domain.booking import names
from domain.kernel.sealed import Sealed

ERASED = "(erased)"

Locale = Literal["en", "ar"]


class Name(msgspec.Struct, frozen=True):
    """A traveller's name as in the passport; FNU where it has one name only.

    `arabic_name` is the whole name in Arabic, for letters and the boarding pass.
    """

    first_name: str
    last_name: str
    arabic_name: str | None = None


class Contact(msgspec.Struct, frozen=True):
    """The address and telephone number of the traveller, and the language of letters."""

    email: str
    phone: str | None = None
    locale: Locale = "en"


def checked_name(
    first_name: str | None, last_name: str, arabic_name: str | None, *, prefix: str = ""
) -> Name:
    """Return the name of a request; None is the given name of passengers who have one name only.

    Rejects NameRefused with the field; `prefix` is the path to the fields.
    """
    given = names.GIVEN_NAME_UNKNOWN if first_name is None else first_name
    return Name(
        first_name=names.passport_name(given, field=f"{prefix}firstName"),
        last_name=names.passport_name(last_name, field=f"{prefix}lastName"),
        arabic_name=None
        if arabic_name is None
        else names.arabic_name(arabic_name, field=f"{prefix}arabicName"),
    )


def read_name(plaintext: bytes | None, *, locale: Locale = "en") -> str:
    """Return the name in one line, in Arabic where it is known; ERASED where the person was
    erased.
    """
    if plaintext is None:
        return ERASED
    name = msgspec.json.decode(plaintext, type=Name)
    if locale == "ar" and name.arabic_name is not None:
        return name.arabic_name
    if name.first_name == names.GIVEN_NAME_UNKNOWN:
        return name.last_name
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
