"""Where Stripe sends the traveller afterwards: a page that says what happens next, in both
languages. It knows nothing of the booking and shows nothing but its reference."""

import html

from litestar import Response, get
from litestar.params import FromPath

from domain.kernel import ids
from interfaces.http.problems import Problem

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


@get("/paid/{booking_id:str}", include_in_schema=False, sync_to_thread=False)
def paid(booking_id: FromPath[str]) -> Response[str]:
    """After paying."""
    return _page(booking_id, _PAID)


@get("/unpaid/{booking_id:str}", include_in_schema=False, sync_to_thread=False)
def unpaid(booking_id: FromPath[str]) -> Response[str]:
    """After turning back."""
    return _page(booking_id, _UNPAID)


def _page(booking_id: str, texts: tuple[str, str]) -> Response[str]:
    known = ids.booking_id_of(booking_id)
    if known is None:
        raise Problem("NOT_FOUND")
    reference = ids.reference_of(known)
    english, arabic = texts
    content = _PAGE.format(reference=html.escape(reference), english=english, arabic=arabic)
    return Response(content, media_type="text/html; charset=utf-8")


ROUTES = (paid, unpaid)
