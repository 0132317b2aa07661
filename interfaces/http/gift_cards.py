"""Routes of gift cards: buy one, see it, claim it with its code, have the money back."""

import datetime as dt
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from application.booking.people import Locale
from application.credit import claim_gift_card as claiming
from application.credit import open_gift_card_checkout as checkout
from application.credit import order_gift_card as ordering
from application.credit import read_gift_cards as reading
from application.credit import refund_gift_card as refunding
from application.credit import resend_gift_code as resending
from interfaces.http import auth, credits, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.checkout import CheckoutRequest, CheckoutResponse, checkout_answer
from interfaces.http.mailbox import required_mailbox
from interfaces.http.strict_request import StrictRequest


class RecipientRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Whom the card is for: the code is mailed to `email` once the card is paid.

    `senderName` is the buyer as the letter names them, `language` that of the letter.
    """

    name: wire.ArabicNameText
    email: wire.EmailText
    sender_name: wire.ArabicNameText
    message: Annotated[str, msgspec.Meta(max_length=300)] = ""
    language: Locale = "en"


class GiftCardRequest(idempotency.KeyedRequest, forbid_unknown_fields=True):
    """A card of this amount. `email` is the buyer's; without a recipient the code comes there."""

    amount: wire.MoneyRequest
    email: wire.EmailText
    recipient: RecipientRequest | None = None


class RecipientResponse(msgspec.Struct, rename="camel"):
    """Whom the card is for."""

    name: str
    email: str
    sender_name: str
    message: str
    language: str


class GiftCardResponse(msgspec.Struct, rename="camel"):
    """A card that the caller has bought.

    `status` is ordered, lapsed, paid, claimed, refunded, expired or disputed. `expiresAt` is until
    when an ordered card can be paid, and until when a paid one can be used. `code` is null before
    it is paid; it, and the recipient, are shown to the buyer only. `refundableUntil` is null unless
    the buyer can have the money back.
    """

    id: str
    status: str
    amount: wire.MoneyResponse
    expires_at: dt.datetime
    code: str | None
    refundable_until: dt.datetime | None
    recipient: RecipientResponse | None


class GiftCardsResponse(wire.ReadModelResponse):
    """The caller's gift cards, the newest first."""

    gift_cards: list[GiftCardResponse]


@post(
    "/api/gift-cards",
    by_language=True,
    status_code=201,
    idempotency_key="required",
    **auth.signed_in("book", "booking"),
)
async def order_gift_card(
    request: StrictRequest, data: JSONBody[GiftCardRequest]
) -> Answered[GiftCardResponse]:
    """Order a gift card; it is worth its amount once its checkout is paid."""
    caller = idempotency.required(request, data)
    found, replayed = await ordering.order_gift_card(
        request.ports.credit,
        caller,
        amount=data.amount.money(),
        email=required_mailbox(data.email, field="email"),
        recipient=None if data.recipient is None else _recipient(data.recipient),
    )
    shown = await reading.shown_card(request.ports.credit, caller.principal, found)
    return _answer(shown, replayed)


def _recipient(data: RecipientRequest) -> ordering.Recipient:
    return ordering.Recipient(
        name=data.name,
        email=required_mailbox(data.email, field="recipient.email"),
        locale=data.language,
        sender=data.sender_name,
        message=data.message,
    )


@post(
    "/api/gift-cards/{gift_card_id:str}/checkout",
    by_language=True,
    status_code=200,
    idempotency_key="required",
    optional_body=CheckoutRequest,
    **auth.signed_in("book", "payment", scope="payments:write"),
)
async def open_gift_card_checkout(
    request: StrictRequest, gift_card_id: FromPath[str]
) -> Answered[CheckoutResponse]:
    """Open a Stripe Checkout session for the card's amount, or return the open session."""
    data = await request.optional_json(CheckoutRequest)
    caller = idempotency.required(request, data)
    return checkout_answer(
        await checkout.open_gift_card_checkout(request.ports.credit, caller, gift_card_id)
    )


@get("/api/gift-cards", **auth.signed_in("book", scope="bookings:read"))
async def list_gift_cards(request: StrictRequest) -> GiftCardsResponse:
    """List the gift cards that the caller has bought."""
    found, as_of = await reading.list_gift_cards(request.ports.credit, request.principal)
    return GiftCardsResponse(
        gift_cards=[_card(each) for each in found],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


@get("/api/gift-cards/{gift_card_id:str}", **auth.signed_in("see_own_bookings"))
async def read_gift_card(request: StrictRequest, gift_card_id: FromPath[str]) -> GiftCardResponse:
    """Return one gift card."""
    return _card(
        await reading.read_gift_card(request.ports.credit, request.principal, gift_card_id)
    )


class ClaimGiftCardRequest(idempotency.KeyedRequest, forbid_unknown_fields=True):
    """The code as it was mailed; case, blanks and hyphens do not matter."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]


@post(
    "/api/gift-cards/claim",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("book", "gift_code"),
)
async def claim_gift_card(
    request: StrictRequest, data: JSONBody[ClaimGiftCardRequest]
) -> Answered[credits.CreditResponse]:
    """Turn a gift card into travel credit of the caller."""
    await auth.spend(request, "gift_code_address", auth.address_of(request))
    caller = idempotency.required(request, data)
    return credits.answer(*await claiming.claim_gift_card(request.ports.credit, caller, data.code))


@post(
    "/api/gift-cards/{gift_card_id:str}/refund",
    status_code=200,
    idempotency_key="required",
    optional_body=CheckoutRequest,
    **auth.signed_in("see_own_bookings", "payment", scope="payments:write"),
)
async def refund_gift_card(
    request: StrictRequest, gift_card_id: FromPath[str]
) -> Answered[GiftCardResponse]:
    """Refund a card that nobody has claimed: its code is void, and the payer has the money back."""
    caller = idempotency.required(request, await request.optional_json(CheckoutRequest))
    return _answer(*await refunding.refund_gift_card(request.ports.credit, caller, gift_card_id))


@post(
    "/api/gift-cards/{gift_card_id:str}/resend",
    status_code=200,
    idempotency_key="required",
    optional_body=CheckoutRequest,
    **auth.signed_in("see_own_bookings", "payment", scope="payments:write"),
)
async def resend_gift_code(
    request: StrictRequest, gift_card_id: FromPath[str]
) -> Answered[GiftCardResponse]:
    """Send the letter with the code again, to the same address; five times at most."""
    caller = idempotency.required(request, await request.optional_json(CheckoutRequest))
    return _answer(*await resending.resend_gift_code(request.ports.credit, caller, gift_card_id))


def _answer(shown: reading.ShownGiftCard, replayed: bool) -> Answered[GiftCardResponse]:
    return Answered(_card(shown), headers=idempotency.REPLAYED if replayed else {})


def _card(shown: reading.ShownGiftCard) -> GiftCardResponse:
    credit, details = shown.credit, shown.details
    is_known = shown.status not in {"ordered", "lapsed"} and details is not None
    recipient = None if details is None else details.recipient
    return GiftCardResponse(
        id=shown.credit_id,
        status=shown.status,
        amount=wire.money_response(credit.issued),
        expires_at=credit.expires_at,
        code=details.code if is_known and details is not None else None,
        refundable_until=shown.refundable_until,
        recipient=None
        if recipient is None
        else RecipientResponse(
            name=recipient.name,
            email=recipient.email,
            sender_name=recipient.sender,
            message=recipient.message,
            language=recipient.locale,
        ),
    )


ROUTES = (
    order_gift_card,
    open_gift_card_checkout,
    list_gift_cards,
    read_gift_card,
    claim_gift_card,
    refund_gift_card,
    resend_gift_code,
)
