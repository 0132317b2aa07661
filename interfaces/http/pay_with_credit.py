"""Routes of travel credit as a means of payment: spend it on what is due, or withdraw it again."""

from typing import Annotated

import msgspec
from litestar import delete, post
from litestar.params import FromPath, JSONBody

from application.credit import spend_credit as spending
from application.credit import withdraw_credit as withdrawal
from domain.kernel import ids
from interfaces.http import auth, booking_response, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.booking_response import BookingResponse
from interfaces.http.strict_request import StrictRequest

CreditId = Annotated[str, msgspec.Meta(pattern=ids.CREDIT_ID_PATTERN)]


class SpendCreditRequest(idempotency.KeyedRequest, forbid_unknown_fields=True):
    """A credit of the caller; without `amount`, as much as is outstanding and the credit has."""

    credit: CreditId
    amount: wire.MoneyRequest | None = None


@post(
    "/api/bookings/{booking_id:str}/credit",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("book", "payment", scope="payments:write"),
)
async def spend_credit(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[SpendCreditRequest]
) -> Answered[BookingResponse]:
    """Pay what is due with travel credit: all of it, or a part beside a checkout for the rest."""
    caller = idempotency.required(request, data)
    amount = None if data.amount is None else data.amount.money()
    details = await spending.spend_credit(
        request.ports.booking, caller, booking_id, data.credit, amount
    )
    return booking_response.answer(details)


@delete(
    "/api/bookings/{booking_id:str}/credit/{use:str}",
    status_code=200,
    idempotency_key="optional",
    **auth.signed_in("book", "payment", scope="payments:write"),
)
async def withdraw_credit(
    request: StrictRequest, booking_id: FromPath[str], use: FromPath[str]
) -> Answered[BookingResponse]:
    """Take back what credit was to pay, while the amount due is not paid."""
    caller = idempotency.optional(request, None)
    details = await withdrawal.withdraw_credit(request.ports.booking, caller, booking_id, use)
    return booking_response.answer(details)


ROUTES = (spend_credit, withdraw_credit)
