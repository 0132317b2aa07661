"""The hosted page's routes `/c/pay/{session}`: show it, pay, decline, answer 3-D Secure."""

import re

from infrastructure.stripe_simulator import checkout, forms, page
from infrastructure.stripe_simulator.account import Account
from infrastructure.stripe_simulator.cards import CARDS
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.errors import ApiError, invalid
from infrastructure.stripe_simulator.wire import Answer, Request, html_answer, see_other

_VERBS = "pay|decline|authenticate|refuse"
_PATH = re.compile(rf"/c/pay/(?P<id>[A-Za-z0-9_]{{1,120}})(?:/(?P<verb>{_VERBS}))?")


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
        return html_answer(200, _page(account, session))
    form = _form(request)
    if checkout.is_under_way(account, session):
        return see_other(f"/c/pay/{session['id']}")
    if verb in ("authenticate", "refuse"):
        return _authenticate(account, session, form, succeeds=verb == "authenticate")
    return _attempt(account, session, verb, form)


def _page(account: Account, session: Json) -> str:
    if checkout.is_under_way(account, session):
        return page.waiting_page()
    if _status(account, session) == "requires_action":
        return page.challenge_page(session)
    items = account.orders.get(session["id"])["line_items"]
    return page.open_page(session, items, _last_error(account, session))


def _status(account: Account, session: Json) -> str | None:
    """Return the status of the session's intent, None while there is no intent."""
    if session["payment_intent"] is None:
        return None
    return str(account.intents.get(session["payment_intent"])["status"])


def _authenticate(account: Account, session: Json, form: Json, *, succeeds: bool) -> Answer:
    """Finish 3-D Secure; a second press finds nothing that waits and shows the page."""
    if _status(account, session) == "requires_action":
        intent = account.intents.get(session["payment_intent"])
        checkout.authenticate(account, intent, succeeds=succeeds, email=form.get("email"))
    return _next(session)


def _attempt(account: Account, session: Json, verb: str, form: Json) -> Answer:
    default = "pm_card_visa" if verb == "pay" else "pm_card_chargeDeclined"
    card = CARDS.get(form.get("card", default))
    if card is None or card.method_type not in session["payment_method_types"]:
        raise invalid("This page does not take such a payment method.", param="card")
    checkout.pay(account, session, card, email=form.get("email"))
    return _next(session)


def _next(session: Json) -> Answer:
    """Return to the shop once the session is complete, else show the page again."""
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
