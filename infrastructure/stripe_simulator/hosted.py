"""The hosted page's routes `/c/pay/{session}`: show it, pay, decline."""

import re

from infrastructure.stripe_simulator import checkout, forms, page
from infrastructure.stripe_simulator.account import Account
from infrastructure.stripe_simulator.charges import CARDS
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.errors import ApiError, invalid
from infrastructure.stripe_simulator.wire import Answer, Request, html_answer, see_other

_PATH = re.compile(r"/c/pay/(?P<id>[A-Za-z0-9_]{1,120})(?:/(?P<verb>pay|decline))?")


def answer(account: Account, request: Request) -> Answer:
    """Return a page or a redirect. Paying a complete session again charges nothing."""
    match = _PATH.fullmatch(request.path)
    if match is None or match["id"] not in account.sessions.objects:
        return html_answer(404, page.missing_page())
    session = account.sessions.get(match["id"])
    verb = match["verb"]
    if request.method != ("GET" if verb is None else "POST"):
        raise ApiError(405, "Method not allowed.")
    if session["status"] == "complete":
        return see_other(_success_url(session))
    if session["status"] == "expired":
        return html_answer(410, page.closed_page(session))
    if verb is None:
        items = account.orders.get(session["id"])["line_items"]
        return html_answer(200, page.open_page(session, items, _last_error(account, session)))
    return _attempt(account, session, verb, _form(request))


def _attempt(account: Account, session: Json, verb: str, form: Json) -> Answer:
    default = "pm_card_visa" if verb == "pay" else "pm_card_chargeDeclined"
    card = CARDS.get(form.get("card", default))
    if card is None or card.method_type not in session["payment_method_types"]:
        raise invalid("This page does not take such a payment method.", param="card")
    checkout.pay(account, session, card, email=form.get("email"))
    if session["status"] == "complete":
        return see_other(_success_url(session))
    return see_other(f"/c/pay/{session['id']}")


def _form(request: Request) -> Json:
    try:
        return forms.unflatten(request.body.decode("ascii"))
    except UnicodeDecodeError as error:
        raise invalid("Invalid request body: not a readable form") from error


def _success_url(session: Json) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _last_error(account: Account, session: Json) -> str | None:
    if session["payment_intent"] is None:
        return None
    error = account.intents.get(session["payment_intent"])["last_payment_error"]
    return None if error is None else str(error["message"])
