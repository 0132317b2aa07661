"""All that the product holds about a person, opened at this moment.

It is read page by page and nothing of it is stored: an export would be a copy to erase again. Each
page is a page of bookings or of credits; the first one has the account besides. Complete by
construction: every event of every stream about the person is shown with all that is sealed in it.
Of a booking that somebody else sold it opens what the account could see there, and no more.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from application.privacy.person import (
    History,
    Person,
    booking_file,
    boxes_in,
    credit_streams,
    find_person,
)
from application.privacy.ports import Account, PrivacyPorts
from domain.kernel.sealed import Sealed
from domain.privacy.consents import Consent
from domain.privacy.rejections import AddressNotVerified, ExportCursorRefused

PAGE_BOOKINGS = 20
ERASED = "(erased)"
# What the API shows to the account that has a booking attached; contacts, birth dates, documents,
# bank accounts and notes of staff are the travellers'.
KNOWN_TO_HOLDER = frozenset({"name", "sold_names", "box", "buyer"})
OF_TRAVELLERS = "(of the travellers)"
HOW_TO_VERIFY = "verify your address first: POST /api/auth/email/verification mails a link"


class HeldDevice(msgspec.Struct, frozen=True):
    """A session; `name` is None where the device has none, or the user was erased."""

    kind: str
    name: str | None
    created_at: dt.datetime
    last_used_at: dt.datetime
    ended_at: dt.datetime | None


class HeldSignIn(msgspec.Struct, frozen=True):
    """A line of the record of authentication."""

    happened: str
    at: dt.datetime


class HeldClient(msgspec.Struct, frozen=True):
    """A client of a third party that the user let act for them; `revoked_at` is None as long as it
    may."""

    id: str
    name: str
    scopes: Sequence[str]
    given_at: dt.datetime
    revoked_at: dt.datetime | None


class HeldAccount(msgspec.Struct, frozen=True):
    """What is stored about an account beside the log; `other_emails` are those to which links were
    mailed, and replaced ones."""

    id: str
    email: str
    other_emails: Sequence[str]
    saved_passengers: Sequence[Mapping[str, Any]]
    role: str
    created_at: dt.datetime
    consents: Sequence[Consent]
    clients: Sequence[HeldClient]
    devices: Sequence[HeldDevice]
    sign_ins: Sequence[HeldSignIn]


class HeldFact(msgspec.Struct, frozen=True):
    """An event of a stream: `data` are its fields, with what is sealed opened."""

    event: str
    recorded_at: dt.datetime
    data: Mapping[str, Any]


class HeldStream(msgspec.Struct, frozen=True):
    """All facts about a booking, a payment, a claim, tax documents, or a credit, in order."""

    stream: str
    facts: Sequence[HeldFact]


class PersonExport(msgspec.Struct, frozen=True):
    """A page of what is held; `next_cursor` is None on the last one, `account` on later ones."""

    person: str
    account: HeldAccount | None
    streams: Sequence[HeldStream]
    next_cursor: str | None


async def export_own(ports: PrivacyPorts, user: str, *, cursor: str | None) -> PersonExport:
    """Return a page of what is held about the caller; as `export_person` does.

    Rejects AddressNotVerified, besides: a session alone does not get everything at once.
    """
    person = await find_person(ports, user)
    assert person is not None and person.account is not None, "a session has a user"
    if not person.account.is_verified:
        raise AddressNotVerified(field="email", reason=HOW_TO_VERIFY)
    return await export_person(ports, person, cursor=cursor)


async def export_person(ports: PrivacyPorts, person: Person, *, cursor: str | None) -> PersonExport:
    """Return the page from this cursor, the first one for None.

    Rejects ExportCursorRefused; raises Unavailable.
    """
    every = [*person.bookings, *person.attached, *person.credits]
    start = 0
    if cursor is not None:
        if cursor not in every:
            raise ExportCursorRefused(field="cursor", reason="no page of this export")
        start = every.index(cursor)
    page = every[start : start + PAGE_BOOKINGS]
    following = every[start + PAGE_BOOKINGS :]
    found: dict[str, History] = {}
    of_others: dict[str, History] = {}
    for name in page:
        if name in person.bookings:
            found |= (await booking_file(ports, name)).streams()
        elif name in person.attached:
            of_others |= (await booking_file(ports, name)).streams()
        else:
            found |= await credit_streams(ports, name)
    is_first = cursor is None and person.account is not None
    return PersonExport(
        person=person.id,
        account=await _account(ports, person.account) if is_first and person.account else None,
        streams=[
            *await _opened(ports, found),
            *await _opened(ports, of_others, only=KNOWN_TO_HOLDER),
        ],
        next_cursor=following[0] if following else None,
    )


async def _account(ports: PrivacyPorts, account: Account) -> HeldAccount:
    devices = await ports.accounts.devices(account.id)
    mailed = await ports.accounts.mailed_addresses(account.id)
    saved = await ports.accounts.saved_passengers(account.id)
    named = [each.name for each in devices if each.name is not None]
    boxes = [account.email, *mailed, *saved, *named]
    opened = dict(zip(boxes, await ports.vault.open_all(boxes), strict=True))
    email = _text(opened[account.email]) or ERASED
    others = {_text(opened[each]) for each in mailed} - {email, None}
    return HeldAccount(
        id=account.id,
        email=email,
        other_emails=sorted(each for each in others if each is not None),
        saved_passengers=[
            msgspec.json.decode(text, type=dict[str, Any])
            for text in (opened[each] for each in saved)
            if text is not None
        ],
        role=account.role,
        created_at=account.created_at,
        consents=await ports.consents.of(account.id),
        clients=[
            HeldClient(each.id, each.name, each.scopes, each.given_at, each.revoked_at)
            for each in await ports.accounts.clients(account.id)
        ],
        devices=[
            HeldDevice(
                kind=each.kind,
                name=None if each.name is None else _text(opened[each.name]),
                created_at=each.created_at,
                last_used_at=each.last_used_at,
                ended_at=each.ended_at,
            )
            for each in devices
        ],
        sign_ins=[
            HeldSignIn(each.happened, each.at) for each in await ports.accounts.sign_ins(account.id)
        ],
    )


def _text(plaintext: bytes | None) -> str | None:
    return None if plaintext is None else plaintext.decode()


async def _opened(
    ports: PrivacyPorts, found: Mapping[str, History], *, only: frozenset[str] | None = None
) -> list[HeldStream]:
    """Return the streams; `only` are the fields that are opened, None for all."""
    boxes = list(
        dict.fromkeys(
            box for history in found.values() for each in history for box in boxes_in(each.event)
        )
    )
    texts = dict(zip(boxes, await ports.vault.open_all(boxes), strict=True))
    return [
        HeldStream(
            name,
            [
                HeldFact(each.event.tag, each.recorded_at, _shown(each.event, texts, only))
                for each in history
            ],
        )
        for name, history in found.items()
    ]


def _shown(
    value: Any, texts: Mapping[Sealed, bytes | None], only: frozenset[str] | None, field: str = ""
) -> Any:
    """Return the value as JSON has it, with boxes replaced by what they hold."""
    if isinstance(value, Sealed):
        return _held(texts[value]) if only is None or field in only else OF_TRAVELLERS
    if isinstance(value, msgspec.Struct):
        return {
            name: _shown(each, texts, only, name)
            for name in value.__struct_fields__
            if (each := getattr(value, name)) is not msgspec.UNSET
        }
    if isinstance(value, tuple | list):
        return [_shown(each, texts, only, field) for each in value]
    return msgspec.to_builtins(value)


def _held(plaintext: bytes | None) -> Any:
    """Return JSON where the box holds JSON, else its text: a note of staff."""
    if plaintext is None:
        return ERASED
    try:
        return msgspec.json.decode(plaintext)
    except msgspec.DecodeError:
        return plaintext.decode()
