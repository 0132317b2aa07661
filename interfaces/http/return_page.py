"""The page to which Stripe returns the traveller: how far the payment has come, and what is next.

It reloads itself, without a script, until the outcome is final. Its address is not a secret, so
nothing of it is personal. Once it is sent, Stripe is asked about the payment, but not while nothing
may be changed: the answer would be recorded, and tickets issued.
"""

import asyncio
import html
import logging
from typing import Annotated, NamedTuple

from litestar import Response, get
from litestar.background_tasks import BackgroundTask
from litestar.params import FromPath, QueryParameter

from application.booking import ask_about_payment as use_case
from application.booking.read_payment_outcome import (
    PaymentOutcome,
    PaymentStep,
    ShownFlight,
    read_payment_outcome,
)
from application.caller import Language
from application.credit.read_gift_card_payment import read_gift_card_payment
from application.payment.gateway import GatewayFailure
from application.ports import Unavailable
from domain.kernel import ids, money
from domain.kernel.rejections import Rejection
from interfaces.http import auth, pages
from interfaces.http.problems import Problem, preferred_language
from interfaces.http.return_page_words import GIFT_CARD_WORDS, WORDS, Case, Words
from interfaces.http.strict_request import LANGUAGE_LENGTH, StrictRequest

logger = logging.getLogger(__name__)

# Seconds until each reload; after the last the traveller reloads, or reads the letter.
RELOAD_AFTER_SECONDS = (1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 60, 60)
# Stripe is asked at once, and again after waits of at least this: its reads are limited.
ASK_AFTER_SECONDS = 5
READ_TIMEOUT_SECONDS = 1.0

_LOOK = pages.Look(
    "ul{padding:0;list-style:none}"
    "li{margin:.75rem 0;padding:.75rem;border:1px solid #767676;border-radius:.5rem}"
    ".back{display:inline-block;padding:.75rem 1.25rem;border-radius:.5rem;color:#fff;"
    "background:#0b5394;text-decoration:none}"
)
# Cases in which a payment may be under way: another one would be money paid twice.
_EXPECTS_MONEY: frozenset[Case] = frozenset(
    {"recording", "busy", PaymentStep.PAID, PaymentStep.PROCESSING}
)
# Names of the addresses that the setting allows: no address ever comes from a request.
NAME_PATTERN = r"^[a-z][a-z0-9-]{0,19}$(?!\n)"
Back = Annotated[str | None, QueryParameter(name="to", pattern=NAME_PATTERN)]
Again = Annotated[int, QueryParameter(ge=0, le=len(RELOAD_AFTER_SECONDS))]


class WayBack(NamedTuple):
    """Where the page leads back to, by the name of the setting."""

    name: str
    address: str


@get("/paid/{booking_id:str}", include_in_schema=False)
async def paid(
    request: StrictRequest, booking_id: FromPath[str], again: Again = 0, back: Back = None
) -> Response[str]:
    """After paying; `again` counts the reloads, `to` names the way back."""
    return await _answer(request, booking_id, again, back, has_paid=True)


@get("/unpaid/{booking_id:str}", include_in_schema=False)
async def unpaid(
    request: StrictRequest, booking_id: FromPath[str], again: Again = 0, back: Back = None
) -> Response[str]:
    """After leaving the checkout; `again` counts the reloads, `to` names the way back."""
    return await _answer(request, booking_id, again, back, has_paid=False)


async def _answer(
    request: StrictRequest, booking_id: str, again: int, back: str | None, *, has_paid: bool
) -> Response[str]:
    known = booking_id if ids.is_credit_id(booking_id) else ids.booking_id_of(booking_id)
    if known is None:
        raise Problem("NOT_FOUND")
    outcome = await _outcome(request, known)
    accepted = (request.header(b"accept-language") or b"")[:LANGUAGE_LENGTH]
    language = preferred_language(accepted) or (outcome.language if outcome else "en")
    is_final = outcome is not None and outcome.is_final
    is_open = request.ports.modes.current.closing() is None
    asks = is_open and outcome is not None and not is_final and _is_time_to_ask(again)
    return _page(
        ids.name_of(known),
        outcome,
        words=(GIFT_CARD_WORDS if ids.is_credit_id(known) else WORDS)[language],
        case=_case(outcome, has_paid=has_paid),
        language=language,
        again=None if is_final else again,
        back=_way_back(request, back, ids.name_of(known)),
        background=BackgroundTask(_ask, request, known) if asks else None,
    )


def _way_back(request: StrictRequest, name: str | None, reference: str) -> WayBack | None:
    """Return the address that the setting has by this name; None where it has none."""
    address = None if name is None else request.ports.return_to.get(name)
    if name is None or address is None:
        return None
    return WayBack(name, address.replace("{booking}", reference))


async def _outcome(request: StrictRequest, booking_id: str) -> PaymentOutcome | None:
    """Return the outcome; None where the client calls too often, or the database is slow or away.

    The page then tries again by itself: a traveller who has paid sees no error.
    """
    try:
        async with asyncio.timeout(READ_TIMEOUT_SECONDS):
            await auth.spend(request, "anonymous", auth.address_of(request))
            if ids.is_credit_id(booking_id):
                return await read_gift_card_payment(request.ports.booking, booking_id)
            return await read_payment_outcome(request.ports.booking, booking_id)
    except (Problem, Unavailable, TimeoutError):
        return None


def _is_time_to_ask(again: int) -> bool:
    return again == 0 or RELOAD_AFTER_SECONDS[again - 1] >= ASK_AFTER_SECONDS


async def _ask(request: StrictRequest, booking_id: str) -> None:
    try:
        await use_case.ask_about_payment(request.ports.booking, booking_id)
    except (GatewayFailure, Unavailable, Rejection) as error:
        logger.warning("return page: Stripe was not asked: %s", type(error).__name__)


def _case(outcome: PaymentOutcome | None, *, has_paid: bool) -> Case:
    """Return what the page says. Who comes from a completed checkout waits for its payment, also
    after a declined card; who left it may pay again, in time.
    """
    if outcome is None:
        return "busy"
    if outcome.step not in {PaymentStep.OPEN, PaymentStep.DECLINED}:
        return outcome.step
    if has_paid:
        return "recording"
    if outcome.pay_until is None:
        return PaymentStep.LAPSED
    return "not_paid" if outcome.step is PaymentStep.OPEN else outcome.step


def _page(
    reference: str,
    outcome: PaymentOutcome | None,
    *,
    words: Words,
    case: Case,
    language: Language,
    again: int | None,
    back: WayBack | None,
    background: BackgroundTask | None,
) -> Response[str]:
    """Return the page; `again` is None where it does not change any more."""
    heading, sentence = words.cases[case]
    known = f'<strong><bdi dir="ltr">{html.escape(reference)}</bdi></strong>'
    content = [f"<p>{html.escape(words.booking)}: {known}</p>", pages.paragraph(sentence)]
    if outcome is not None:
        content += _details(outcome, words, may_pay=case != "recording")
    refresh = ""
    to = "" if back is None else f"&amp;to={back.name}"
    if again is not None and again < len(RELOAD_AFTER_SECONDS):
        refresh = f"{RELOAD_AFTER_SECONDS[again]}; url=?again={again + 1}{to}"
        content.append(pages.paragraph(words.changes_by_itself))
    elif again is not None:
        link = f'<a href="?again=0{to}">{html.escape(words.look_again)}</a>'
        late = f"{html.escape(words.takes_longer)} " if case in _EXPECTS_MONEY else ""
        content.append(f"<p>{late}{link}</p>")
    if back is not None:
        link = f'<a class="back" href="{html.escape(back.address)}">{html.escape(words.back)}</a>'
        content.append(f"<p>{link}</p>")
    return _LOOK.page(
        language,
        heading,
        content,
        name=reference,
        refresh=refresh,
        headers={"cache-control": "no-store"},
        background=background,
    )


def _details(outcome: PaymentOutcome, words: Words, *, may_pay: bool) -> list[str]:
    """Return flights and total, the deadline of another try, and where unused money is."""
    details = []
    if outcome.flights:
        lines = "\n".join(_line(flight, words) for flight in outcome.flights)
        details.append(f"<ul>\n{lines}\n</ul>\n<p>{html.escape(words.local_times)}</p>")
    if outcome.total is not None:
        total = html.escape(money.display(outcome.total))
        details.append(
            f'<p>{html.escape(words.total)}: <strong><bdi dir="ltr">{total}</bdi></strong></p>'
        )
    if outcome.pay_until is not None and may_pay:
        until = words.pay_until.format(
            until=words.day_and_time(outcome.pay_until), airport=outcome.pay_at
        )
        details.append(pages.paragraph(until))
    unused = words.unused_money[outcome.unused_money]
    return [*details, pages.paragraph(unused)] if unused else details


def _line(flight: ShownFlight, words: Words) -> str:
    """Return a flight with its local times; the arrival's day only where it is another one."""
    arrives = f"{flight.arrives_at:%H:%M}"
    if flight.arrives_at.date() != flight.departs_at.date():
        arrives = words.day_and_time(flight.arrives_at)
    name = html.escape(f"{flight.number} {flight.origin} – {flight.destination}")
    times = html.escape(f"{words.day_and_time(flight.departs_at)} – {arrives}")
    mark = f" ({html.escape(words.cancelled)})" if flight.is_cancelled else ""
    return f'<li><strong><bdi dir="ltr">{name}</bdi></strong>{mark}<br>{times}</li>'


ROUTES = (paid, unpaid)
