"""The page to which Stripe returns the traveller: what happens next, in both languages. It shows
nothing of the booking but its reference. Once it is sent, Stripe is asked about the payment.
"""

import html
import logging

from litestar import Response, get
from litestar.background_tasks import BackgroundTask
from litestar.params import FromPath

from application.booking import ask_about_payment as use_case
from application.payment.gateway import GatewayFailure
from application.ports import Unavailable
from domain.kernel import ids
from domain.kernel.rejections import Rejection
from interfaces.http import auth
from interfaces.http.problems import Problem
from interfaces.http.strict_request import StrictRequest

logger = logging.getLogger(__name__)

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{reference}</title>
<h1>{reference}</h1>
<p>{english}</p>
<p lang="ar" dir="rtl">{arabic}</p>
</html>
"""
_PAID = (
    "Thank you. Your payment is being recorded; the tickets follow by e-mail within moments.",
    "شكرًا لك. يجري تسجيل دفعتك، وستصلك التذاكر بالبريد الإلكتروني خلال لحظات.",
)
_UNPAID = (
    "Nothing was charged. Your seats stay held until the time shown in your booking.",
    "لم يُخصم أي مبلغ. تبقى مقاعدك محجوزة حتى الوقت المبيّن في حجزك.",
)


@get("/paid/{booking_id:str}", include_in_schema=False)
async def paid(request: StrictRequest, booking_id: FromPath[str]) -> Response[str]:
    """After paying."""
    return await _page(request, booking_id, _PAID)


@get("/unpaid/{booking_id:str}", include_in_schema=False)
async def unpaid(request: StrictRequest, booking_id: FromPath[str]) -> Response[str]:
    """After leaving the checkout."""
    return await _page(request, booking_id, _UNPAID)


async def _page(request: StrictRequest, booking_id: str, texts: tuple[str, str]) -> Response[str]:
    known = ids.booking_id_of(booking_id)
    if known is None:
        raise Problem("NOT_FOUND")
    reference = ids.reference_of(known)
    english, arabic = texts
    content = _PAGE.format(reference=html.escape(reference), english=english, arabic=arabic)
    return Response(
        content,
        media_type="text/html; charset=utf-8",
        background=await _asking(request, known),
    )


async def _asking(request: StrictRequest, booking_id: str) -> BackgroundTask | None:
    """Return the task that asks Stripe; a client who calls too often gets only the page."""
    try:
        await auth.spend(request, "anonymous", auth.address_of(request))
    except Problem:
        return None
    return BackgroundTask(_ask, request, booking_id)


async def _ask(request: StrictRequest, booking_id: str) -> None:
    try:
        await use_case.ask_about_payment(request.ports.booking, booking_id)
    except (GatewayFailure, Unavailable, Rejection) as error:
        logger.warning("return page: Stripe was not asked: %s", type(error).__name__)


ROUTES = (paid, unpaid)
