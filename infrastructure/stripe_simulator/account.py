"""The simulated account: all its objects, and the one function that creates events.

Handlers run on the event loop without awaiting, so each request changes the account atomically.
"""

import heapq
from collections.abc import Callable

import msgspec

from infrastructure.stripe_simulator.clock import Clock
from infrastructure.stripe_simulator.configuration import API_VERSION, Configuration, Json
from infrastructure.stripe_simulator.funds import Due, Money
from infrastructure.stripe_simulator.idempotency import KeyStore
from infrastructure.stripe_simulator.ids import new_id
from infrastructure.stripe_simulator.shelf import Shelf

EVENT_LIFE_SECONDS = 30 * 24 * 3600
EVENTS_PER_OBJECT = 4


class Cause(msgspec.Struct, frozen=True):
    """The API request behind a change; both None when a customer or the clock caused it."""

    request_id: str | None
    idempotency_key: str | None


NO_REQUEST = Cause(None, None)


class Account:
    """State of one account. `outgoing` is called with each event and the endpoints that want it."""

    def __init__(self, configuration: Configuration) -> None:
        limit = configuration.objects_limit
        self.configuration = configuration
        self.clock = Clock(0)
        self.keys = KeyStore(limit)
        self.sessions = Shelf("checkout.session", limit)
        self.orders = Shelf("checkout.session", limit)
        self.intents = Shelf("payment_intent", limit)
        self.methods = Shelf("payment method", limit)
        self.charges = Shelf("charge", limit)
        self.refunds = Shelf("refund", limit)
        self.balance_transactions = Shelf("balance transaction", limit)
        self.disputes = Shelf("dispute", limit)
        self.fraud_warnings = Shelf("early fraud warning", limit)
        self.payouts = Shelf("payout", limit)
        self.events = Shelf("event", limit * EVENTS_PER_OBJECT)
        self.endpoints = Shelf("webhook endpoint", 16)
        self.settings = configuration.money_settings()
        self.money = Money()
        self.deadlines: list[tuple[int, str]] = []
        self.endpoint_secrets: dict[str, str] = {}
        self.outgoing: list[Callable[[Json, list[Json]], None]] = []

    def shelves(self) -> dict[str, Shelf]:
        """Return every shelf by the name it has in a snapshot."""
        return {
            "sessions": self.sessions,
            "orders": self.orders,
            "intents": self.intents,
            "methods": self.methods,
            "charges": self.charges,
            "refunds": self.refunds,
            "balance_transactions": self.balance_transactions,
            "disputes": self.disputes,
            "fraud_warnings": self.fraud_warnings,
            "payouts": self.payouts,
            "events": self.events,
        }

    def add_endpoint(
        self,
        url: str,
        secret: str,
        enabled_events: list[str],
        *,
        api_version: str | None = API_VERSION,
    ) -> Json:
        """Register a receiver; its secret is stored beside the object and never shown again.

        Without an API version it gets events in the version of the account.
        """
        endpoint: Json = {
            "id": new_id("we", 24),
            "object": "webhook_endpoint",
            "api_version": api_version,
            "application": None,
            "created": self.clock.now(),
            "description": None,
            "enabled_events": enabled_events,
            "livemode": False,
            "metadata": {},
            "status": "enabled",
            "url": url,
        }
        self.endpoint_secrets[endpoint["id"]] = secret
        return self.endpoints.put(endpoint)

    def schedule(self, at: int, step: str, identifier: str) -> None:
        """Let a step of the `agenda` happen to the object once the clock has come so far."""
        heapq.heappush(self.money.agenda, Due(at, step, identifier))

    def record(
        self,
        kind: str,
        item: Json | msgspec.Raw,
        cause: Cause,
        *,
        previous: Json | None = None,
    ) -> Json:
        """Copy the object as it is now into an event and pass the event to the courier.

        `previous` has the earlier values of what an update changed.
        """
        wanting = [
            endpoint
            for endpoint in self.endpoints.objects.values()
            if endpoint["status"] == "enabled"
            and not {"*", kind}.isdisjoint(endpoint["enabled_events"])
        ]
        content: Json = {"object": msgspec.Raw(msgspec.json.encode(item))}
        if previous is not None:
            content["previous_attributes"] = previous
        event: Json = {
            "id": new_id("evt", 24),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.clock.now(),
            "data": content,
            "livemode": False,
            "pending_webhooks": len(wanting),
            "request": {"id": cause.request_id, "idempotency_key": cause.idempotency_key},
            "type": kind,
        }
        self.events.put(event)
        for send in self.outgoing:
            send(event, wanting)
        return event

    def drop_old_events(self) -> None:
        """Drop what Stripe lists no more: events of more than 30 days ago."""
        since = self.clock.now() - EVENT_LIFE_SECONDS
        events = self.events.objects
        while events and next(iter(events.values()))["created"] < since:
            del events[next(iter(events))]

    def session_of(self, intent_id: str) -> Json | None:
        """Return the Checkout session that owns the PaymentIntent, if one does."""
        for session in self.sessions.newest_first():
            if session["payment_intent"] == intent_id:
                return session
        return None
