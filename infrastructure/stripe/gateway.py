"""The payment gateway on the official SDK: one call per method, our ids in the metadata.

The caller retries, because it stored the idempotency key: the SDK's own retries are off.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal

import aiohttp
import msgspec
import stripe

from application.payment import gateway
from domain.kernel import money
from infrastructure.stripe import errors
from infrastructure.stripe.session_search import ListedSession, SessionPage, SessionSearch
from infrastructure.stripe.version import API_VERSION

PAGE_SIZE = 100
PAGES_LIMIT = 50

# Stripe's minor units of these differ from ISO 4217, or Stripe does not support them.
NOT_IN_ISO_UNITS = frozenset({"IQD", "ISK", "LYD", "MGA", "UGX"})
# Stripe Checkout is not translated into Arabic: there `auto` follows the browser.
# Cards and the wallets on them: methods that settle at once. With a delayed method a traveller
# could fly, or lose the seats, before the bank has answered.
METHODS_THAT_SETTLE_AT_ONCE = ("card",)
_LOCALES: Mapping[str, str] = {"en": "en"}


class _Method(msgspec.Struct, frozen=True):
    """The payment method of a failed attempt."""

    id: str | None = None


class _Error(msgspec.Struct, frozen=True):
    """The last failed attempt of an intent; it has no charge where 3-D Secure failed."""

    code: str | None = None
    type: str | None = None
    charge: str | None = None
    payment_method: _Method | None = None

    def id_of(self, intent: str) -> str:
        """Return what identifies the failure: its charge, else the method of the attempt."""
        method = None if self.payment_method is None else self.payment_method.id
        return self.charge or method or f"{intent}:{self.code or self.type}"


class _Intent(msgspec.Struct, frozen=True):
    """What we read of a PaymentIntent."""

    id: str
    status: str
    amount: int
    amount_received: int
    currency: str
    latest_charge: str | None = None
    last_payment_error: _Error | None = None
    metadata: dict[str, str] | None = None


class _Session(msgspec.Struct, frozen=True):
    """What we read of a Checkout session."""

    id: str
    status: Literal["open", "complete", "expired"]
    payment_status: str
    expires_at: int
    amount_total: int | None = None
    currency: str | None = None
    url: str | None = None
    payment_intent: str | _Intent | None = None
    metadata: dict[str, str] | None = None


class _Listed(msgspec.Struct, frozen=True):
    """What we read of a session in a list."""

    id: str
    created: int
    metadata: dict[str, str] | None = None


class _Refund(msgspec.Struct, frozen=True):
    """What we read of a refund."""

    id: str
    status: Literal["pending", "requires_action", "succeeded", "failed", "canceled"]
    amount: int
    currency: str
    payment_intent: str | None = None
    charge: str | None = None
    failure_reason: str | None = None
    metadata: dict[str, str] | None = None


class StripePaymentGateway:
    """Implements PaymentGateway. `base_url` is None for Stripe itself; the caller closes it."""

    def __init__(self, *, api_key: str, base_url: str | None, timeout_seconds: float) -> None:
        timeout = aiohttp.ClientTimeout(total=timeout_seconds, connect=timeout_seconds / 2)
        self._transport = stripe.AIOHTTPClient(timeout=timeout)
        self._search = SessionSearch(self._list_sessions)
        self._client = stripe.StripeClient(
            api_key,
            stripe_version=API_VERSION,
            base_addresses={} if base_url is None else {"api": base_url},
            http_client=self._transport,
            max_network_retries=0,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close_async()  # type: ignore[no-untyped-call]  # untyped in the SDK

    async def open_checkout(self, request: gateway.CheckoutRequest) -> gateway.CheckoutSession:
        """See PaymentGateway; also refuses currencies that Stripe counts differently."""
        if request.amount.currency in NOT_IN_ISO_UNITS:
            raise gateway.GatewayRejected("currency_not_supported", request.amount.currency)
        created = await errors.translated(
            self._client.v1.checkout.sessions.create_async(
                _session_params(request), {"idempotency_key": request.idempotency_key}
            )
        )
        if _was_replayed(created):
            return await self.session(created.id)
        return _session(created)

    async def session(self, session_id: str) -> gateway.CheckoutSession:
        """See PaymentGateway."""
        return _session(
            await errors.translated(
                self._client.v1.checkout.sessions.retrieve_async(
                    session_id, {"expand": ["payment_intent"]}
                )
            )
        )

    async def expire_session(self, session_id: str) -> gateway.CheckoutSession:
        """See PaymentGateway. If Stripe refuses because the session is not open, read it again."""
        try:
            return _session(
                await errors.translated(self._client.v1.checkout.sessions.expire_async(session_id))
            )
        except gateway.GatewayRejected:
            current = await self.session(session_id)
            if current.status == "open":
                raise
            return current

    async def payment_intent(self, intent_id: str) -> gateway.PaymentIntent:
        """See PaymentGateway."""
        return _intent(
            await errors.translated(self._client.v1.payment_intents.retrieve_async(intent_id))
        )

    async def list_intents(
        self, *, created_since: dt.datetime, after: str | None = None
    ) -> gateway.IntentPage:
        """See PaymentGateway."""
        params: dict[str, Any] = {
            "limit": PAGE_SIZE,
            "created": {"gte": int(created_since.timestamp())},
        }
        if after is not None:
            params["starting_after"] = after
        page = await errors.translated(
            self._client.v1.payment_intents.list_async(params)  # type: ignore[arg-type]  # with a cursor from the second page on
        )
        return gateway.IntentPage([_intent(each) for each in page.data], page.has_more)

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
        page = await errors.translated(
            self._client.v1.checkout.sessions.list_async(params)  # type: ignore[arg-type]  # with a cursor from the second page on
        )
        read: list[_Listed] = [_read(each, _Listed) for each in page.data]
        sessions = [
            ListedSession(each.id, each.created, (each.metadata or {}).get("attempt"))
            for each in read
        ]
        return SessionPage(sessions, page.has_more)

    async def create_refund(self, order: gateway.RefundOrder) -> gateway.ProviderRefund:
        """See PaymentGateway; also refuses currencies that Stripe counts differently."""
        if order.amount.currency in NOT_IN_ISO_UNITS:
            raise gateway.GatewayRejected("currency_not_supported", order.amount.currency)
        created = await errors.translated(
            self._client.v1.refunds.create_async(
                {
                    "payment_intent": order.payment_intent,
                    "amount": order.amount.amount,
                    "reason": "requested_by_customer",
                    "metadata": {
                        "booking": order.booking,
                        "payment": order.payment,
                        "refund": order.refund,
                    },
                },
                {"idempotency_key": order.idempotency_key},
            )
        )
        if not _was_replayed(created):
            return _refund(created)
        try:
            return await self.refund(created.id)
        except gateway.GatewayRejected:
            return _refund(created)  # a refund that cannot be read now was made nevertheless

    async def refund(self, refund_id: str) -> gateway.ProviderRefund:
        """See PaymentGateway."""
        return _refund(await errors.translated(self._client.v1.refunds.retrieve_async(refund_id)))

    async def find_refunds(
        self, *, payment_intent: str, refund: str
    ) -> list[gateway.ProviderRefund]:
        """See PaymentGateway; an intent of more than 5,000 refunds is GatewayUnavailable."""
        found: list[gateway.ProviderRefund] = []
        params: dict[str, Any] = {"limit": PAGE_SIZE, "payment_intent": payment_intent}
        for _ in range(PAGES_LIMIT):
            page = await errors.translated(
                self._client.v1.refunds.list_async(params)  # type: ignore[arg-type]  # grows a cursor below
            )
            refunds = [_refund(each) for each in page.data]
            found += [each for each in refunds if each.refund == refund]
            if not page.has_more:
                return found
            params["starting_after"] = refunds[-1].id
        raise gateway.GatewayUnavailable("the intent has too many refunds to search")


def _session_params(request: gateway.CheckoutRequest) -> Any:
    """Return the request as Stripe's parameters; equal requests give equal parameters."""
    metadata = {
        "booking": request.booking,
        "payment": request.payment,
        "attempt": request.attempt,
    }
    params: dict[str, Any] = {
        "mode": "payment",
        "allowed_payment_method_types": list(METHODS_THAT_SETTLE_AT_ONCE),
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


def _was_replayed(created: stripe.StripeObject) -> bool:
    """Return whether the answer is the stored one of an earlier request with this key."""
    response = created.last_response
    headers = getattr(response, "headers", None) or {}
    return bool(headers.get("Idempotent-Replayed") == "true")


def _read(item: stripe.StripeObject, shape: type[Any]) -> Any:
    try:
        return msgspec.convert(item.to_dict(), type=shape)
    except msgspec.ValidationError as error:
        raise gateway.GatewayUnreadable(f"unreadable answer: {error}") from None


def _session(item: stripe.StripeObject) -> gateway.CheckoutSession:
    read: _Session = _read(item, _Session)
    metadata = read.metadata or {}
    named = read.payment_intent  # an id, or the intent itself where it is expanded
    intent = _payment_intent(named) if isinstance(named, _Intent) else None
    return gateway.CheckoutSession(
        id=read.id,
        url=read.url,
        status=read.status,
        payment_status=read.payment_status,
        payment_intent=named.id if isinstance(named, _Intent) else named,
        intent=intent,
        amount=_amount(read),
        expires_at=dt.datetime.fromtimestamp(read.expires_at, dt.UTC),
        booking=metadata.get("booking"),
        payment=metadata.get("payment"),
        attempt=metadata.get("attempt"),
    )


def _amount(read: _Session) -> money.Money | None:
    if read.amount_total is None or read.currency is None:
        return None
    return money.Money(amount=read.amount_total, currency=read.currency.upper())


def _intent(item: stripe.StripeObject) -> gateway.PaymentIntent:
    return _payment_intent(_read(item, _Intent))


def _payment_intent(read: _Intent) -> gateway.PaymentIntent:
    metadata = read.metadata or {}
    currency = read.currency.upper()
    error = read.last_payment_error
    return gateway.PaymentIntent(
        id=read.id,
        status=read.status,
        amount=money.Money(amount=read.amount, currency=currency),
        amount_received=money.Money(amount=read.amount_received, currency=currency),
        latest_charge=read.latest_charge,
        last_error_code=None if error is None else error.code or error.type,
        last_error_id=None if error is None else error.id_of(read.id),
        booking=metadata.get("booking"),
        payment=metadata.get("payment"),
        attempt=metadata.get("attempt"),
    )


def _refund(item: stripe.StripeObject) -> gateway.ProviderRefund:
    read: _Refund = _read(item, _Refund)
    metadata = read.metadata or {}
    return gateway.ProviderRefund(
        id=read.id,
        status=read.status,
        amount=money.Money(amount=read.amount, currency=read.currency.upper()),
        payment_intent=read.payment_intent,
        charge=read.charge,
        failure_reason=read.failure_reason,
        booking=metadata.get("booking"),
        payment=metadata.get("payment"),
        refund=metadata.get("refund"),
    )
