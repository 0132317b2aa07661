"""The payment gateway on the official SDK: one call per method, our ids in the metadata.

The SDK's own retries are off. What Stripe wants repeated is repeated within the call; beyond that
the caller retries, because it stored the idempotency key.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from application.payment import gateway
from infrastructure.stripe import objects
from infrastructure.stripe.breaker import Breaker
from infrastructure.stripe.calls import Endpoint, StripeCalls
from infrastructure.stripe.disputes import StripeDisputeGateway
from infrastructure.stripe.event_list import StripeEventList
from infrastructure.stripe.pace import Limits, Pace
from infrastructure.stripe.session_search import ListedSession, SessionPage, SessionSearch
from infrastructure.stripe.settlement import StripeSettlementGateway

PAGE_SIZE = 100
PAGES_LIMIT = 50

# Stripe's minor units of these differ from ISO 4217, or Stripe does not support them.
NOT_IN_ISO_UNITS = frozenset({"IQD", "ISK", "LYD", "MGA", "UGX"})
# Cards and the wallets on them: methods that settle at once. A delayed method holds the seats for
# days until the bank has answered, so that each has to be allowed by a setting.
METHODS_THAT_SETTLE_AT_ONCE = ("card",)
# Stripe Checkout is not translated into Arabic: there `auto` follows the browser.
_LOCALES: Mapping[str, str] = {"en": "en"}

CREATE_SESSION = Endpoint("post", "/v1/checkout/sessions", objects.Session)
READ_SESSION = Endpoint("get", "/v1/checkout/sessions/{id}", objects.Session)
EXPIRE_SESSION = Endpoint("post", "/v1/checkout/sessions/{id}/expire", objects.Session)
LIST_SESSIONS = Endpoint("get", "/v1/checkout/sessions", objects.Sessions)
READ_INTENT = Endpoint("get", "/v1/payment_intents/{id}", objects.Intent)
LIST_INTENTS = Endpoint("get", "/v1/payment_intents", objects.Intents)
CREATE_REFUND = Endpoint("post", "/v1/refunds", objects.Refund)
READ_REFUND = Endpoint("get", "/v1/refunds/{id}", objects.Refund)
LIST_REFUNDS = Endpoint("get", "/v1/refunds", objects.Refunds)


class StripePaymentGateway:
    """Implements PaymentGateway. `base_url` is None for Stripe itself; the caller closes it.

    `delayed_methods` are Stripe's types of methods that settle days later and may be used too.
    `settlement` implements SettlementGateway, `disputes` DisputeGateway and `events` EventList,
    over the same connections. Without a `breaker` every call is sent.
    """

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str | None,
        timeout_seconds: float,
        limits: Limits,
        delayed_methods: Sequence[str] = (),
        breaker: Breaker | None = None,
        carrier: str = "",
    ) -> None:
        self._calls = StripeCalls(
            api_key=api_key,
            base_url=base_url,
            timeout_seconds=timeout_seconds,
            pace=Pace(limits, carrier=carrier),
            breaker=breaker,
            carrier=carrier,
        )
        self._methods = [*METHODS_THAT_SETTLE_AT_ONCE, *delayed_methods]
        self._search = SessionSearch(self._list_sessions)
        self.settlement = StripeSettlementGateway(self._calls)
        self.disputes = StripeDisputeGateway(self._calls)
        self.events = StripeEventList(self._calls)

    async def close(self) -> None:
        """Close the connections."""
        await self._calls.close()

    async def open_checkout(self, request: gateway.CheckoutRequest) -> gateway.CheckoutSession:
        """See PaymentGateway; also refuses currencies that Stripe counts differently."""
        if request.amount.currency in NOT_IN_ISO_UNITS:
            raise gateway.GatewayRejected("currency_not_supported", request.amount.currency)
        created = await self._calls.send(
            CREATE_SESSION,
            params=_session_params(request, methods=self._methods),
            key=request.idempotency_key,
        )
        if created.replayed:
            return await self.session(created.content.id)
        return objects.checkout_session(created.content)

    async def session(self, session_id: str) -> gateway.CheckoutSession:
        """See PaymentGateway."""
        read = await self._calls.send(
            READ_SESSION, session_id, params={"expand": ["payment_intent.latest_charge"]}
        )
        return objects.checkout_session(read.content)

    async def expire_session(self, session_id: str) -> gateway.CheckoutSession:
        """See PaymentGateway. If Stripe refuses because the session is not open, read it again."""
        try:
            expired = await self._calls.send(EXPIRE_SESSION, session_id)
        except gateway.GatewayRejected:
            current = await self.session(session_id)
            if current.status == "open":
                raise
            return current
        return objects.checkout_session(expired.content)

    async def payment_intent(self, intent_id: str) -> gateway.PaymentIntent:
        """See PaymentGateway."""
        read = await self._calls.send(READ_INTENT, intent_id, params={"expand": ["latest_charge"]})
        return objects.payment_intent(read.content)

    async def list_intents(
        self, *, created_since: dt.datetime, after: str | None = None
    ) -> gateway.IntentPage:
        """See PaymentGateway."""
        params: dict[str, Any] = {
            "limit": PAGE_SIZE,
            "created": {"gte": int(created_since.timestamp())},
            "expand": ["data.latest_charge"],
        }
        if after is not None:
            params["starting_after"] = after
        page = (await self._calls.send(LIST_INTENTS, params=params)).content
        return gateway.IntentPage(
            [objects.payment_intent(each) for each in page.data], page.has_more
        )

    async def find_sessions(
        self,
        *,
        created_since: dt.datetime,
        attempt: str,
        created_until: dt.datetime | None = None,
    ) -> list[gateway.CheckoutSession]:
        """See PaymentGateway and SessionSearch."""
        until = created_until or dt.datetime.now(dt.UTC)
        found = await self._search.find(
            attempt, since=int(created_since.timestamp()), until=int(until.timestamp()) + 1
        )
        return [] if found is None else [await self.session(found)]

    async def _list_sessions(self, params: dict[str, Any]) -> SessionPage:
        page = (await self._calls.send(LIST_SESSIONS, params=params)).content
        sessions = [
            ListedSession(each.id, each.created, (each.metadata or {}).get("attempt"))
            for each in page.data
        ]
        return SessionPage(sessions, page.has_more)

    async def create_refund(self, order: gateway.RefundOrder) -> gateway.ProviderRefund:
        """See PaymentGateway; also refuses currencies that Stripe counts differently."""
        if order.amount.currency in NOT_IN_ISO_UNITS:
            raise gateway.GatewayRejected("currency_not_supported", order.amount.currency)
        created = await self._calls.send(
            CREATE_REFUND, params=_refund_params(order), key=order.idempotency_key
        )
        if not created.replayed:
            return objects.provider_refund(created.content)
        try:
            return await self.refund(created.content.id)
        except gateway.GatewayRejected:
            # A refund that cannot be read now was made nevertheless.
            return objects.provider_refund(created.content)

    async def refund(self, refund_id: str) -> gateway.ProviderRefund:
        """See PaymentGateway."""
        return objects.provider_refund((await self._calls.send(READ_REFUND, refund_id)).content)

    async def find_refunds(
        self, *, payment_intent: str, refund: str
    ) -> list[gateway.ProviderRefund]:
        """See PaymentGateway; an intent of more than 5,000 refunds is GatewayUnavailable."""
        found = await self._list_refunds({"payment_intent": payment_intent})
        return [each for each in found if each.refund == refund]

    async def refunds_of_charge(self, charge: str) -> list[gateway.ProviderRefund]:
        """See PaymentGateway; a charge of more than 5,000 refunds is GatewayUnavailable."""
        return await self._list_refunds({"charge": charge})

    async def _list_refunds(self, of: dict[str, str]) -> list[gateway.ProviderRefund]:
        found: list[gateway.ProviderRefund] = []
        params: dict[str, Any] = {"limit": PAGE_SIZE, **of}
        for _ in range(PAGES_LIMIT):
            page = (await self._calls.send(LIST_REFUNDS, params=params)).content
            found += [objects.provider_refund(each) for each in page.data]
            if not page.has_more:
                return found
            params["starting_after"] = found[-1].id
        raise gateway.GatewayUnavailable("there are too many refunds to list")


def _refund_params(order: gateway.RefundOrder) -> dict[str, Any]:
    """Return the order as Stripe's parameters; equal orders give equal parameters."""
    return {
        "payment_intent": order.payment_intent,
        "amount": order.amount.amount,
        "reason": "requested_by_customer",
        "metadata": {
            "booking": order.booking,
            "payment": order.payment,
            "refund": order.refund,
        },
    }


def _session_params(request: gateway.CheckoutRequest, *, methods: Sequence[str]) -> dict[str, Any]:
    """Return the request as Stripe's parameters; equal requests give equal parameters."""
    metadata = {
        "booking": request.booking,
        "payment": request.payment,
        "attempt": request.attempt,
    }
    params: dict[str, Any] = {
        "mode": "payment",
        "allowed_payment_method_types": list(methods),
        "client_reference_id": request.booking,
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
        "expires_at": int(request.expires_at.timestamp()),
        "locale": _LOCALES.get(request.locale, "auto"),
        "line_items": [
            {
                "price_data": {
                    "currency": request.amount.currency.lower(),
                    "unit_amount": request.amount.amount,
                    "product_data": {"name": request.description},
                },
                "quantity": 1,
            }
        ],
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata, "description": request.description},
    }
    if request.customer_email is not None:
        params["customer_email"] = request.customer_email
    return params
