"""The tour of the demo: a change, a cancellation, a check-in and a cancelled flight.

Each case uses HTTP like any client, with its own bookings and travellers.
"""

import datetime as dt
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from interfaces.cli import demo_walk
from interfaces.cli.demo_failed import DemoFailed
from interfaces.cli.demo_stage import Stage
from interfaces.cli.demo_walk import Client, Show, display
from interfaces.cli.storyline import Step

WAIT_SECONDS = 30.0
POLL_SECONDS = 0.1
CHECK_IN_WITHIN = dt.timedelta(hours=47)
CHECK_IN_UNTIL = dt.timedelta(hours=2)
FAR_DAYS = 7
CHILD_AGE_DAYS = 6 * 365
ROUTE = ("RUH", "JED")


def tour(stage: Stage, show: Show) -> list[dict[str, Any]]:
    """Show all cases; return their bookings at the end. Raises DemoFailed."""
    return [
        _change(stage, show),
        _cancellation(stage, show),
        _check_in(stage, show),
        _cancelled_flight(stage, show),
    ]


def _change(stage: Stage, show: Show) -> dict[str, Any]:
    """Change to business: the difference is paid first, then the ticket is exchanged."""
    client = demo_walk.signed_in(stage)
    flight = _flights(client, days=FAR_DAYS)[0]
    booking = _confirmed(client, [flight])
    path = f"/api/bookings/{booking['id']}"
    wanted = {"segment": 0, "cabin": "business"}
    quote = client.call("POST", f"{path}/modification-quote", wanted)
    facts = {
        "price difference": display(quote["difference"]),
        "fee": f"{display(quote['fee'])} ({quote['feePercent']} %)",
        "to pay": display(quote["due"]),
    }
    show(Step(f"{booking['reference']} asks for business on {flight['flightNumber']}", facts))
    held = _keyed(client, f"{path}/modify", {"quoteId": quote["quoteId"]})
    facts = {"new seat held until": held["change"]["holdUntil"], "old seat": "kept until then"}
    show(Step("Accepted: the new seat is held, the old one is kept", facts))
    demo_walk.press_pay(client, booking)
    changed = _await(client, booking, lambda found: found["segments"][0]["cabin"] == "business")
    ticket = changed["passengers"][0]["ticketNumber"]
    show(Step("Paid: the ticket is exchanged", {"cabin": "business", "new ticket": ticket}))
    return changed


def _cancellation(stage: Stage, show: Show) -> dict[str, Any]:
    """Cancel: a quote states fee, refund and destination; Stripe returns the money."""
    client = demo_walk.signed_in(stage)
    flight = _flights(client, days=2)[0]
    booking = _confirmed(client, [flight])
    path = f"/api/bookings/{booking['id']}"
    quote = client.call("POST", f"{path}/cancellation-quote", {})
    facts = {
        "fee": f"{display(quote['fee'])} ({quote['feePercent']} %)",
        "refund": f"{display(quote['refund'])} to the {quote['destination']}",
    }
    show(Step(f"{booking['reference']} asks what a cancellation costs", facts))
    _keyed(client, f"{path}/cancel", {"quoteId": quote["quoteId"], "reason": "plans_changed"})
    refunded = _await(client, booking, lambda found: found["status"] == "refunded")
    show(Step("Cancelled, and refunded by Stripe", {"refund": display(refunded["refund"])}))
    return refunded


def _check_in(stage: Stage, show: Show) -> dict[str, Any]:
    """Check a family in, print its boarding passes and board."""
    client = demo_walk.signed_in(stage)
    flight = _leaving_soon(client)
    booking = _confirmed(client, [flight], party=("ADT", "CHD"), extras=("BAG20",))
    path = f"/api/bookings/{booking['id']}"
    checked_in = client.call("POST", f"{path}/check-in", {"segment": 0})
    seats = [each["coupons"][0]["seat"] for each in checked_in["passengers"]]
    facts = {"status": checked_in["status"], "seats": ", ".join(seats)}
    show(Step(f"{booking['reference']} checks in for {flight['flightNumber']}", facts))
    passes = client.call("GET", f"{path}/boarding-passes")["boardingPasses"]
    saved = _save(client, passes[0]["pdfUrl"], stage.folder / f"{booking['reference']}.pdf")
    show(Step("A boarding pass (IATA BCBP)", {"bar code": passes[0]["bcbp"], "page": str(saved)}))
    gate = demo_walk.signed_in(stage, role="gate")
    boarded = gate.call("POST", f"{path}/board", {"segment": 0})
    show(Step("The gate lets them on board", {"status": boarded["status"]}))
    return boarded


def _cancelled_flight(stage: Stage, show: Show) -> dict[str, Any]:
    """Cancel a flight: its passengers are notified and choose. This one chooses a refund."""
    client = demo_walk.signed_in(stage)
    flight = _flights(client, days=FAR_DAYS - 1)[-1]
    booking = _confirmed(client, [flight])
    path = f"/api/bookings/{booking['id']}"
    operations = demo_walk.signed_in(stage, role="ops")
    operations.call(
        "POST", f"/api/admin/flights/{flight['id']}/cancel", {"reason": "technical fault"}
    )
    show(Step(f"Operations cancel {flight['flightNumber']}", {"reason": "technical fault"}))
    disrupted = _await(client, booking, lambda found: bool(found["disruptions"]))
    task = operations.call("GET", f"/api/admin/flights/{flight['id']}")["tasks"][0]
    facts = {
        "bookings followed up": f"{task['done']} of {task['total']}",
        "may now": ", ".join(disrupted["availableActions"]),
    }
    show(Step(f"{booking['reference']} may stay, move free or be refunded", facts))
    _keyed(client, f"{path}/disruption", {"choice": "refund", "segment": 0})
    refunded = _await(client, booking, lambda found: found["status"] == "refunded")
    facts = {"refund": display(refunded["refund"]), "of": display(refunded["total"])}
    show(Step("Refunded in full, without a fee", facts))
    return refunded


def _flights(client: Client, *, days: int) -> list[dict[str, Any]]:
    """Return departures of a day; the read model may be a moment behind at first."""
    day = demo_walk.day_of_departure(days, now=dt.datetime.now(dt.UTC))
    body = {"from": ROUTE[0], "to": ROUTE[1], "date": day, "passengers": 2}
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        flights: list[dict[str, Any]] = client.call("POST", "/api/flights/search", body)["flights"]
        if flights:
            return flights
        time.sleep(POLL_SECONDS)
    raise DemoFailed(f"no flight was found for {day}")


def _leaving_soon(client: Client) -> dict[str, Any]:
    """Return a flight whose check-in is open."""
    now = dt.datetime.now(dt.UTC)
    for days in (1, 2):
        for flight in _flights(client, days=days):
            notice = dt.datetime.fromisoformat(flight["departureTime"]) - now
            if CHECK_IN_UNTIL < notice < CHECK_IN_WITHIN:
                return flight
    raise DemoFailed("no flight leaves within two days")


def _confirmed(
    client: Client,
    flights: Sequence[Mapping[str, Any]],
    *,
    party: Sequence[str] = ("ADT",),
    extras: Sequence[str] = (),
) -> dict[str, Any]:
    quote = client.call(
        "POST",
        "/api/quotes",
        {
            "flightIds": [flight["id"] for flight in flights],
            "passengers": [{"type": kind} for kind in party],
            "extras": [{"code": code, "passenger": 0, "segment": 0} for code in extras],
        },
    )
    names = ("Noura", "Sami", "Lina")
    booking = _keyed(
        client,
        "/api/bookings",
        {
            "quoteId": quote["quoteId"],
            "passengers": [
                {
                    "firstName": name,
                    "lastName": "Alharbi",
                    "type": kind,
                    "birthDate": _birth_date(kind),
                }
                for name, kind in zip(names, party, strict=False)
            ],
            "contact": {"email": "noura@example.com"},
        },
    )
    demo_walk.press_pay(client, booking)
    return _await(client, booking, lambda found: found["status"] == "confirmed")


def _birth_date(kind: str) -> str | None:
    """Return the birth date of a child of six years; adults need none."""
    if kind == "ADT":
        return None
    today = dt.datetime.now(dt.UTC).date()
    return (today - dt.timedelta(days=CHILD_AGE_DAYS)).isoformat()


def _keyed(client: Client, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return client.call("POST", path, body, key=secrets.token_hex(8))


def _await(
    client: Client, booking: Mapping[str, Any], holds: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    end = time.monotonic() + WAIT_SECONDS
    found = dict(booking)
    while time.monotonic() < end:
        found = client.call("GET", f"/api/bookings/{booking['id']}")
        if holds(found):
            return found
        time.sleep(POLL_SECONDS)
    raise DemoFailed(f"{booking['reference']} is still {found['status']}")


def _save(client: Client, path: str, target: Path) -> Path:
    target.write_bytes(client.fetch(path))
    return target
