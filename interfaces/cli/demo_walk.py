"""One traveller's booking over HTTP and signed webhooks, from search to ticket."""

import datetime as dt
import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from domain.kernel import money
from domain.ledger.rules import accounting_day
from interfaces.cli.demo_failed import DemoFailed
from interfaces.cli.demo_stage import Stage
from interfaces.cli.storyline import DemoAccount, Step

CALL_SECONDS = 15.0
CONFIRM_SECONDS = 60.0
SEARCH_SECONDS = 30.0
# Polling begins fast and becomes slow, or it would use up the traveller's limit of requests.
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0
# A limit of requests per minute is waited for, not one for longer.
LIMITED_STATUS = 429
LIMITED_SECONDS = 60
LIMITED_TRIES = 3
# The day after tomorrow first; the next ones where visitors have bought it up.
DAYS_TO_TRY = (2, 3, 4, 5, 6)
ROUTES_TO_TRY = (("RUH", "JED"), ("JED", "RUH"), ("RUH", "DMM"))

Show = Callable[[Step], None]


class Walk(msgspec.Struct, frozen=True):
    """The confirmed booking, its history and its traveller."""

    booking: dict[str, Any]
    history: list[dict[str, Any]]
    traveller: DemoAccount


class Client:
    """JSON over HTTP, as a mobile client would."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._token: str | None = None

    def sign_in(self, token: str) -> None:
        """Send the token from now on."""
        self._token = token

    def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, key: str = ""
    ) -> dict[str, Any]:
        """Return the answer's body; raises DemoFailed with the problem unless it is 2xx."""
        found: dict[str, Any] = json.loads(self._ask(method, path, body, key=key))
        return found

    def fetch(self, path: str) -> bytes:
        """Return a document as it is; raises DemoFailed."""
        return self._ask("GET", path, None, key="")

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None, *, key: str) -> bytes:
        headers = {"Accept": "*/*"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            f"{self._base_url}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers=headers,
            method=method,
        )
        for _ in range(LIMITED_TRIES):
            try:
                with urllib.request.urlopen(request, timeout=CALL_SECONDS) as answer:  # noqa: S310
                    content: bytes = answer.read()
                    return content
            except urllib.error.HTTPError as error:
                problem = f"{method} {path}: {error.code} {error.read().decode()}"
                seconds = int(error.headers.get("Retry-After", LIMITED_SECONDS + 1))
                if error.code != LIMITED_STATUS or seconds > LIMITED_SECONDS:
                    break
                time.sleep(seconds)
        raise DemoFailed(problem)


def pauses(seconds: float) -> Iterator[None]:
    """Yield until the time is over, with a pause after each that becomes longer."""
    end = time.monotonic() + seconds
    pause = FIRST_PAUSE_SECONDS
    while time.monotonic() < end:
        yield
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)


def signed_in(stage: Stage, *, role: str | None = None) -> Client:
    """Return a fresh traveller's client, or that of staff with this role."""
    client = Client(stage.base_url)
    if role is None:
        account = _fresh_account()
        client.call("POST", "/api/auth/register", _credentials(account))
    else:
        account = next(each for each in stage.staff if each.role == role)
    token = client.call("POST", "/api/auth/mobile-login", _credentials(account))
    client.sign_in(token["accessToken"])
    return client


def _fresh_account() -> DemoAccount:
    email = f"noura.{secrets.token_hex(3)}@example.com"
    return DemoAccount("customer", email, secrets.token_urlsafe(12))


def _credentials(account: DemoAccount) -> dict[str, str]:
    return {"email": account.email, "password": account.password}


def walk(stage: Stage, show: Show) -> Walk:
    """Search, quote, register, sign in, book, pay and await confirmation; show each step."""
    client = Client(stage.base_url)
    flight = _search(client, show)
    quote = _quote(client, flight, show)
    traveller = _register(client, show)
    booking = _book(client, quote, traveller, show)
    _pay(client, booking, show)
    confirmed = _await_confirmed(client, booking, show)
    history = client.call("GET", f"/api/bookings/{booking['id']}/history")["entries"]
    return Walk(confirmed, history, traveller)


def day_of_departure(days: int, *, now: dt.datetime) -> str:
    """The date of the day `days` after today in the demo's home market, as a search takes it.

    The demo's week starts by that calendar, which is already a day ahead while UTC is not.
    """
    return (accounting_day(now) + dt.timedelta(days=days)).isoformat()


def _search(client: Client, show: Show) -> dict[str, Any]:
    """Search for a flight until the read model behind the search has caught up."""
    for _ in pauses(SEARCH_SECONDS):
        for days in DAYS_TO_TRY:
            day = day_of_departure(days, now=dt.datetime.now(dt.UTC))
            for origin, destination in ROUTES_TO_TRY:
                body = {"from": origin, "to": destination, "date": day, "passengers": 1}
                flights = client.call("POST", "/api/flights/search", body)["flights"]
                if flights:
                    flight: dict[str, Any] = flights[0]
                    _show_search(show, flight, len(flights), day)
                    return flight
    raise DemoFailed("no flight has a free seat in the coming days")


def _show_search(show: Show, flight: Mapping[str, Any], count: int, day: str) -> None:
    price = money.display(money.Money(flight["price"], flight["currency"]))
    show(
        Step(
            f"Search {flight['from']} to {flight['to']} on {day}: {count} flights",
            {
                "chosen": f"{flight['flightNumber']}, departs {flight['departureTime']}",
                "price": f"{price} for an adult, taxes and charges included",
                "seats left": str(flight["availableSeats"]),
            },
        )
    )


def _quote(client: Client, flight: Mapping[str, Any], show: Show) -> dict[str, Any]:
    body = {"flightIds": [flight["id"]], "passengers": [{"type": "ADT"}]}
    quote = client.call("POST", "/api/quotes", body)
    currency = quote["total"]["currency"]
    facts = {
        line["kind"]: money.display(money.Money(line["amount"], currency))
        for line in quote["lines"]
    }
    facts["valid until"] = quote["validUntil"]
    show(Step(f"Quote {display(quote['total'])}, signed by us", facts))
    return quote


def _register(client: Client, show: Show) -> DemoAccount:
    account = _fresh_account()
    client.call("POST", "/api/auth/register", _credentials(account))
    token = client.call("POST", "/api/auth/mobile-login", _credentials(account))
    client.sign_in(token["accessToken"])
    show(
        Step(
            "Register and sign in",
            {"as": account.email, "token": f"ES256, valid {token['expiresIn']} seconds"},
        )
    )
    return account


def _book(
    client: Client, quote: Mapping[str, Any], traveller: DemoAccount, show: Show
) -> dict[str, Any]:
    body = {
        "quoteId": quote["quoteId"],
        "passengers": [{"firstName": "Noura", "lastName": "Alharbi", "type": "ADT"}],
        "contact": {"email": traveller.email, "phone": "+966500000000"},
    }
    booking = client.call("POST", "/api/bookings", body, key=secrets.token_hex(8))
    show(
        Step(
            f"Book: {booking['reference']} is {booking['status']}",
            {"seats held until": booking["holdUntil"], "amount due": display(booking["total"])},
        )
    )
    return booking


def _pay(client: Client, booking: Mapping[str, Any], show: Show) -> None:
    """Pay as a traveller does: with a form on the payment provider's page."""
    checkout = _checkout(client, booking)
    show(
        Step(
            "Check out: a Stripe Checkout session is open",
            {"session": checkout["sessionId"], "page": checkout["checkoutUrl"]},
        )
    )
    _press_pay(checkout)
    show(Step("Pay on Stripe's page: Stripe reports it by signed webhooks", {}))


def press_pay(client: Client, booking: Mapping[str, Any]) -> None:
    """Check out and pay what is due."""
    _press_pay(_checkout(client, booking))


def _checkout(client: Client, booking: Mapping[str, Any]) -> dict[str, Any]:
    path = f"/api/bookings/{booking['id']}/checkout"
    return client.call("POST", path, {}, key=secrets.token_hex(8))


def _press_pay(checkout: Mapping[str, Any]) -> None:
    form = urllib.request.Request(  # noqa: S310 - the simulator's loopback address
        f"{checkout['checkoutUrl']}/pay", data=b"", method="POST"
    )
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        opener.open(form, timeout=CALL_SECONDS).close()
    except urllib.error.HTTPError as answer:
        if answer.code != 303:
            raise DemoFailed(f"the payment page answered {answer.code}") from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _await_confirmed(client: Client, booking: Mapping[str, Any], show: Show) -> dict[str, Any]:
    found = dict(booking)
    for _ in pauses(CONFIRM_SECONDS):
        found = client.call("GET", f"/api/bookings/{booking['reference']}")
        if found["status"] == "confirmed":
            tickets = ", ".join(str(each["ticketNumber"]) for each in found["passengers"])
            show(Step(f"{found['reference']} is confirmed", {"ticket": tickets}))
            return found
    raise DemoFailed(f"{booking['reference']} is still {found['status']}")


def display(amount: Mapping[str, Any]) -> str:
    """Return an amount of the API for people to read."""
    return money.display(money.Money(amount["amount"], amount["currency"]))
