"""The routes of checkout: one Stripe Checkout session for the amount due, or one for each share."""

import datetime as dt
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from application.booking import open_checkout as checkout
from application.booking import split_checkout as splitting
from domain.kernel import money
from interfaces.http import auth, idempotency, return_page, wire
from interfaces.http.answers import Answered
from interfaces.http.problems import invalid
from interfaces.http.strict_request import StrictRequest

ReturnName = Annotated[str, msgspec.Meta(pattern=return_page.NAME_PATTERN)]


class CheckoutRequest(idempotency.KeyedRequest):
    """The amount is the booking's. `returnTo` is a name of the setting `AIS_RETURN_TO`: the page
    after the payment leads back to its address.
    """

    return_to: ReturnName | None = None


class CheckoutResponse(msgspec.Struct, rename="camel"):
    """Send the traveller to `checkoutUrl` before `expiresAt`."""

    payment_id: str
    checkout_url: str
    session_id: str
    expires_at: dt.datetime


@post(
    "/api/bookings/{booking_id:str}/checkout",
    by_language=True,
    status_code=200,
    idempotency_key="required",
    optional_body=CheckoutRequest,
    **auth.signed_in("book", "payment", scope="payments:write"),
)
async def open_checkout(
    request: StrictRequest, booking_id: FromPath[str]
) -> Answered[CheckoutResponse]:
    """Open a Stripe Checkout session for the amount due, or return the open session."""
    data = await request.optional_json(CheckoutRequest)
    caller = idempotency.required(request, data)
    return_to = "" if data is None or data.return_to is None else data.return_to
    if return_to and return_to not in request.ports.return_to:
        raise invalid("returnTo", "not a name of AIS_RETURN_TO")
    opened = await checkout.open_checkout(
        request.ports.booking, caller, booking_id, return_to=return_to
    )
    return checkout_answer(opened)


def checkout_answer(opened: checkout.Checkout) -> Answered[CheckoutResponse]:
    """Return the open session as JSON."""
    response = CheckoutResponse(
        payment_id=opened.payment_id,
        checkout_url=opened.url,
        session_id=opened.session_id,
        expires_at=opened.expires_at,
    )
    return Answered(response, headers=idempotency.REPLAYED if opened.replayed else {})


ShareAmount = Annotated[int, msgspec.Meta(ge=1, le=10**9)]


class SplitCheckoutRequest(idempotency.KeyedRequest, forbid_unknown_fields=True):
    """Two to nine shares in minor units of the booking's currency, which add up to what is due."""

    shares: Annotated[
        list[Annotated[int, msgspec.Meta(ge=1, le=10**9)]], msgspec.Meta(max_length=9)
    ]
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$(?!\n)")]


class ShareResponse(msgspec.Struct, rename="camel"):
    """One share: opening, open, processing (a bank decides), paid, returned or expired.

    Whoever has `checkoutUrl` can pay it before `expiresAt`, without an account; it is null unless
    the share is open.
    """

    share: str
    amount: wire.MoneyResponse
    status: str
    checkout_url: str | None
    expires_at: dt.datetime


class SharesResponse(msgspec.Struct, rename="camel"):
    """All shares; `outstanding` is what is not paid yet."""

    payment_id: str
    shares: list[ShareResponse]
    outstanding: wire.MoneyResponse


@post(
    "/api/bookings/{booking_id:str}/split-checkout",
    by_language=True,
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("book", "payment", scope="payments:write"),
)
async def split_checkout(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[SplitCheckoutRequest]
) -> Answered[SharesResponse]:
    """Open a Stripe Checkout session for each share, whose link can be sent to another person."""
    caller = idempotency.required(request, data)
    amounts = tuple(money.Money(each, data.currency) for each in data.shares)
    found = await splitting.split_checkout(request.ports.booking, caller, booking_id, amounts)
    return Answered(_shares(found), headers=idempotency.REPLAYED if found.replayed else {})


@get(
    "/api/bookings/{booking_id:str}/split-checkout", **auth.signed_in("book", scope="bookings:read")
)
async def read_shares(request: StrictRequest, booking_id: FromPath[str]) -> SharesResponse:
    """The shares of what is due, and who has not paid yet."""
    ports, principal = request.ports.booking, request.principal
    return _shares(await splitting.read_shares(ports, principal, booking_id))


def _shares(found: splitting.Shares) -> SharesResponse:
    return SharesResponse(
        payment_id=found.payment_id,
        shares=[
            ShareResponse(
                share=each.attempt,
                amount=wire.money_response(each.amount),
                status=each.status,
                checkout_url=each.url,
                expires_at=each.expires_at,
            )
            for each in found.shares
        ],
        outstanding=wire.money_response(found.outstanding),
    )


ROUTES = (open_checkout, split_checkout, read_shares)
