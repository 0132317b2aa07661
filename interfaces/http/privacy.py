"""Routes of privacy: consents of the caller, their data, and the erasure of their account."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromQuery, JSONBody

from application.privacy import change_consent as changing
from application.privacy import export_person as reading
from application.privacy import print_export as printing
from application.privacy import request_erasure as erasing
from interfaces.http import auth
from interfaces.http.identity import PasswordText
from interfaces.http.strict_request import StrictRequest

PDF = "application/pdf"
DataCursor = Annotated[str, msgspec.Meta(max_length=64)]
PurposeName = Literal["marketing_mail", "terms", "privacy_notice"]
Step = Literal["waiting", "closed", "erased", "reported"]
MatterName = Literal["travel", "payment", "refund", "dispute", "credit", "claim", "last_admin"]


class ConsentRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """`version` is the day on which the text was published; `given` false withdraws the consent to
    marketing mail."""

    purpose: PurposeName
    version: dt.date
    given: bool


class ConsentResponse(msgspec.Struct, rename="camel"):
    """One fact; the last of a purpose counts."""

    purpose: PurposeName
    version: dt.date
    given: bool
    at: dt.datetime


class ConsentsResponse(msgspec.Struct, rename="camel"):
    """All facts, the oldest first."""

    consents: list[ConsentResponse]


class HeldDeviceResponse(msgspec.Struct, rename="camel"):
    """A device on which the user was signed in; one that signed out long ago is removed."""

    kind: str
    name: str | None
    created_at: dt.datetime
    last_used_at: dt.datetime
    ended_at: dt.datetime | None


class HeldSignInResponse(msgspec.Struct, rename="camel"):
    """A line of the record of authentication."""

    happened: str
    at: dt.datetime


class HeldClientResponse(msgspec.Struct, rename="camel"):
    """An application of a third party that the user let act for them; `revokedAt` is null as long
    as it may."""

    id: str
    name: str
    scopes: list[str]
    given_at: dt.datetime
    revoked_at: dt.datetime | None


class HeldAccountResponse(msgspec.Struct, rename="camel"):
    """What is stored about the account itself; `otherEmails` are replaced addresses, and those to
    which links were mailed."""

    id: str
    email: str
    other_emails: list[str]
    saved_passengers: list[dict[str, Any]]
    role: str
    created_at: dt.datetime
    consents: list[ConsentResponse]
    clients: list[HeldClientResponse]
    devices: list[HeldDeviceResponse]
    sign_ins: list[HeldSignInResponse]


class HeldFactResponse(msgspec.Struct, rename="camel"):
    """An event by its tag; `data` are its fields as the reference of events names them, opened."""

    event: str
    recorded_at: dt.datetime
    data: dict[str, Any]


class HeldStreamResponse(msgspec.Struct, rename="camel"):
    """All facts about a booking, a payment, a claim, tax documents or a credit, in order."""

    stream: str
    facts: list[HeldFactResponse]


class PersonExportResponse(msgspec.Struct, rename="camel"):
    """A page of all that is held: `account` on the first one, `nextCursor` null on the last one."""

    person: str
    account: HeldAccountResponse | None
    streams: list[HeldStreamResponse]
    next_cursor: str | None


class ErasureRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The password of the account, which confirms that it is to be erased."""

    password: PasswordText


class OpenMatterResponse(msgspec.Struct, rename="camel"):
    """What postpones the erasure; `endsAt` is null where somebody has to act."""

    kind: MatterName
    of: str
    ends_at: dt.datetime | None


class ErasureResponse(msgspec.Struct, rename="camel"):
    """`step` is waiting for what is `open`, then closed, erased and reported, within a minute."""

    id: str
    step: Step
    requested_at: dt.datetime
    open: list[OpenMatterResponse]


class ErasureWithdrawnResponse(msgspec.Struct, rename="camel"):
    """The request is withdrawn: the account stays."""

    withdrawn: bool


@get("/api/me/consents", **auth.signed_in(None))
async def list_consents(request: StrictRequest) -> ConsentsResponse:
    """List what the caller agreed to, and when."""
    return _consents(await request.ports.privacy.consents.of(request.principal.user))


@post("/api/me/consents", status_code=200, **auth.signed_in(None))
async def change_consent(
    request: StrictRequest, data: JSONBody[ConsentRequest]
) -> ConsentsResponse:
    """Record that the caller agrees, or withdraws a consent; a repeat records nothing."""
    found = await changing.change_consent(
        request.ports.privacy,
        request.principal.user,
        purpose=data.purpose,
        version=data.version,
        given=data.given,
    )
    return _consents(found)


@get("/api/me/data", operation_id="readPersonalData", **auth.signed_in(None, "booking"))
async def read_data(
    request: StrictRequest, cursor: FromQuery[DataCursor | None] = None
) -> PersonExportResponse:
    """Export all that is held about the caller and the passengers of their bookings, opened now.

    Of a booking that somebody else sold and that is attached to the account, it shows what the
    account can see of it.

    The address of the account must be verified. A page has twenty bookings or credits with
    everything about them.
    """
    found = await reading.export_own(request.ports.privacy, request.principal.user, cursor=cursor)
    return _page(found)


@get(
    "/api/me/data.pdf",
    operation_id="printPersonalData",
    **auth.signed_in(None, "booking", gives=(PDF,)),
)
async def print_data(
    request: StrictRequest, cursor: FromQuery[DataCursor | None] = None
) -> Response[bytes]:
    """Download the same page as a PDF."""
    printed = await printing.print_own_export(
        request.ports.privacy, request.principal.user, cursor=cursor
    )
    return Response(printed, media_type=PDF, headers={"cache-control": "private, no-store"})


@get("/api/me/erasure", **auth.signed_in(None))
async def read_erasure(request: StrictRequest) -> ErasureResponse:
    """Return the erasure of the caller's account, and what is still open."""
    user = request.principal.user
    return _erasure(await erasing.read_erasure(request.ports.privacy, user))


@post("/api/me/erasure", status_code=202, **auth.signed_in(None, "authentication"))
async def request_erasure(
    request: StrictRequest, data: JSONBody[ErasureRequest]
) -> ErasureResponse:
    """Request the erasure of the caller's account and of the passengers of its bookings.

    It is done by itself as soon as travel, payments, refunds, disputes, credit and claims are
    closed. Books and tax documents stay, without names; travellers of bookings that are attached to
    the account stay, too. A repeat changes nothing. Wrong passwords count as at the sign-in.
    """
    found = await erasing.request_own_erasure(
        request.ports.privacy,
        request.ports.accounts,
        request.principal.user,
        password=data.password,
        address=auth.address_of(request),
    )
    return _erasure(found)


@delete("/api/me/erasure", status_code=200, **auth.signed_in(None))
async def withdraw_erasure(request: StrictRequest) -> ErasureWithdrawnResponse:
    """Withdraw the request, as long as the account is not closed."""
    user = request.principal.user
    await erasing.withdraw_erasure(request.ports.privacy, user, by=user)
    return ErasureWithdrawnResponse(withdrawn=True)


def _consents(found: Sequence[changing.Consent]) -> ConsentsResponse:
    return ConsentsResponse(
        [ConsentResponse(each.purpose, each.version, each.given, each.at) for each in found]
    )


def _page(found: reading.PersonExport) -> PersonExportResponse:
    account = found.account
    return PersonExportResponse(
        person=found.person,
        account=None if account is None else _account(account),
        streams=[
            HeldStreamResponse(
                each.stream,
                [
                    HeldFactResponse(fact.event, fact.recorded_at, dict(fact.data))
                    for fact in each.facts
                ],
            )
            for each in found.streams
        ],
        next_cursor=found.next_cursor,
    )


def _account(account: reading.HeldAccount) -> HeldAccountResponse:
    return HeldAccountResponse(
        id=account.id,
        email=account.email,
        other_emails=list(account.other_emails),
        saved_passengers=[dict(each) for each in account.saved_passengers],
        role=account.role,
        created_at=account.created_at,
        consents=_consents(account.consents).consents,
        clients=[
            HeldClientResponse(
                each.id, each.name, list(each.scopes), each.given_at, each.revoked_at
            )
            for each in account.clients
        ],
        devices=[
            HeldDeviceResponse(
                each.kind, each.name, each.created_at, each.last_used_at, each.ended_at
            )
            for each in account.devices
        ],
        sign_ins=[HeldSignInResponse(each.happened, each.at) for each in account.sign_ins],
    )


def _erasure(found: erasing.ErasureDetails) -> ErasureResponse:
    erasure = found.erasure
    return ErasureResponse(
        id=erasure.id,
        step=erasure.step,
        requested_at=erasure.requested_at,
        open=[OpenMatterResponse(each.kind, each.of, each.ends_at) for each in found.open],
    )


ROUTES = (
    list_consents,
    change_consent,
    read_data,
    print_data,
    read_erasure,
    request_erasure,
    withdraw_erasure,
)
