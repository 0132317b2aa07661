"""The payment gateway as the use cases see it: sessions, intents, refunds, genuine events.

Rule: a failure states whether the outcome is known. Only `GatewayRejected` is a definite refusal.
"""

import datetime as dt
from typing import Literal, Protocol

import msgspec

from domain.kernel import money

# Stripe's code for an object that it does not have: asking again gives the same answer.
RESOURCE_MISSING = "resource_missing"


class CheckoutRequest(msgspec.Struct, frozen=True, kw_only=True):
    """All that opens one Checkout session; a retry must send the same values.

    `expires_at` must lie 30 minutes to 24 hours after the moment Stripe executes the request,
    so leave room for retries. `description` is what the traveller reads; nothing personal.
    `locale` is ar or en; the page follows the browser where Stripe has no such translation.
    """

    booking: str
    payment: str
    attempt: str
    amount: money.Money
    description: str
    success_url: str
    cancel_url: str
    idempotency_key: str
    expires_at: dt.datetime
    locale: str
    customer_email: str | None


class PaymentIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A PaymentIntent as it is now; `last_error_code` is of the latest failed attempt,
    `last_decline_code` what the bank said about it, where it said something.

    `last_error_id` identifies that failure: its charge, or its payment method where it failed
    before there was a charge, as in 3-D Secure.

    `created` is when the payer first tried, at most the life of a session before the payment.
    `card` is the last four digits of the card of the latest charge, where that was read and it was
    paid by card.
    `status` is Stripe's word: requires_payment_method, requires_confirmation, requires_action,
    processing, requires_capture, canceled, succeeded.
    """

    id: str
    status: str
    amount: money.Money
    amount_received: money.Money
    latest_charge: str | None
    last_error_code: str | None
    last_error_id: str | None
    booking: str | None
    payment: str | None
    attempt: str | None
    created: dt.datetime | None = None
    card: str | None = None
    last_decline_code: str | None = None


class CheckoutSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it is now; `url` is there while it is open.

    `payment_status` is paid, unpaid or no_payment_required; `payment_intent` appears with the
    traveller's first attempt, and `intent` where it was read with the session. booking, payment
    and attempt come from our own metadata. Another integration's session may have no `amount`.
    """

    id: str
    url: str | None
    status: Literal["open", "complete", "expired"]
    payment_status: str
    payment_intent: str | None
    intent: PaymentIntent | None = None
    amount: money.Money | None
    expires_at: dt.datetime
    booking: str | None
    payment: str | None
    attempt: str | None


class IntentPage(msgspec.Struct, frozen=True):
    """A page of a list of intents, newest first; `has_more` older ones follow."""

    intents: list[PaymentIntent]
    has_more: bool


class RefundOrder(msgspec.Struct, frozen=True, kw_only=True):
    """All that requests one refund of an intent; a retry must send the same values.

    booking, payment and refund are our own ids and become metadata at Stripe.
    """

    payment_intent: str
    amount: money.Money
    idempotency_key: str
    booking: str
    payment: str
    refund: str


class ProviderRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund as it is now; `failure_reason` is Stripe's where the status is failed.

    `succeeded` is not the end: it may still become failed. booking, payment and refund come from
    our own metadata and are missing where others made the refund. It `has_moved` once Stripe took
    its money from our balance, also where that was returned since.
    """

    id: str
    status: Literal["pending", "requires_action", "succeeded", "failed", "canceled"]
    amount: money.Money
    payment_intent: str | None
    charge: str | None
    failure_reason: str | None
    has_moved: bool
    booking: str | None
    payment: str | None
    refund: str | None
    created: dt.datetime | None = None


class GatewayFailure(Exception):
    """A call to the gateway failed; its texts contain no secrets."""


class GatewayTimeout(GatewayFailure):
    """The outcome is unknown: the request may have been carried out. Ask again, same key."""


class GatewayUnreadable(GatewayTimeout):
    """Stripe's answer has another shape or a word that we do not know; asking again is no help."""


class GatewayUnavailable(GatewayFailure):
    """Stripe is busy, broken or out of reach; retry later with the same key."""


class GatewayNotExecuted(GatewayUnavailable):
    """Stripe has done nothing: no connection was made, or it was too busy (429)."""


class GatewayFailureKept(GatewayUnavailable):
    """Stripe repeats the failure that it kept under this key: only a look-up finds the object."""


class GatewayRejected(GatewayFailure):
    """A definite refusal; `code` is Stripe's, or its error type where there is no code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class GatewayMisconfigured(GatewayFailure):
    """A wrong key, a missing right or a reused idempotency key: stop and raise an alarm."""


class PaymentGateway(Protocol):
    """The calls to Stripe. Every method raises only the failures above."""

    async def open_checkout(self, request: CheckoutRequest) -> CheckoutSession:
        """Open a session, or return the one this idempotency key opened, in its current state."""
        ...

    async def session(self, session_id: str) -> CheckoutSession:
        """The session as it is now; an unknown id is GatewayRejected("resource_missing")."""
        ...

    async def expire_session(self, session_id: str) -> CheckoutSession:
        """Close the session if it is open; the state afterwards, which may be complete."""
        ...

    async def payment_intent(self, intent_id: str) -> PaymentIntent:
        """The intent as it is now; an unknown id is GatewayRejected("resource_missing")."""
        ...

    async def list_intents(
        self, *, created_since: dt.datetime, after: str | None = None
    ) -> IntentPage:
        """At most a hundred intents created since then, newest first, of any integration.

        `after` is the last intent of the page before.
        """
        ...

    async def find_sessions(
        self,
        *,
        created_since: dt.datetime,
        attempt: str,
        created_until: dt.datetime | None = None,
    ) -> list[CheckoutSession]:
        """Sessions of the attempt created in the window, newest first.

        The last resort: for keys that Stripe has forgotten (23 hours and more), and those under
        which it kept a failure. Stripe has no filter for metadata: the window is read until one is
        found. All searches share what was read and a limit of calls; beyond it they are
        GatewayUnavailable and go on later where they ended.
        """
        ...

    async def create_refund(self, order: RefundOrder) -> ProviderRefund:
        """Refund money, or return the refund that this idempotency key made, as it is now."""
        ...

    async def refund(self, refund_id: str) -> ProviderRefund:
        """The refund as it is now; an unknown id is GatewayRejected("resource_missing")."""
        ...

    async def find_refunds(self, *, payment_intent: str, refund: str) -> list[ProviderRefund]:
        """The intent's refunds that bear our refund id, newest first; normally at most one.

        For unknown outcomes, and for those too old to be asked by idempotency key.
        """
        ...

    async def refunds_of_charge(self, charge: str) -> list[ProviderRefund]:
        """All refunds of the charge, newest first, whoever made them."""
        ...


class VerifiedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A genuine webhook event; `signed_facts` says which are more than a hint.

    `supported` is false for event types and thin events that are only recorded as ignored,
    `expected_version` for events of another API version than ours. `content` is
    the raw JSON of the object as it was; empty for thin events.
    """

    id: str
    type: str
    api_version: str | None
    created: dt.datetime
    livemode: bool
    account: str | None
    supported: bool
    expected_version: bool
    content: bytes
    object_id: str | None
    object_kind: str | None
    booking: str | None
    payment: str | None
    attempt: str | None


class NotGenuine(Exception):
    """A webhook request that must be answered 400 with nothing stored; `reason` is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
