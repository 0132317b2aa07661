"""The control path `/_control/…` for tests and demos: faults, deliveries, time, forced outcomes.

It is not part of Stripe's API: JSON in, JSON out, no key; the server listens on loopback only.
What moves money is in `control_money`.
"""

from collections.abc import Callable
from typing import Literal, TypeVar

import msgspec

from infrastructure.stripe_simulator import agenda, checkout, refunds
from infrastructure.stripe_simulator.account import NO_REQUEST, Account
from infrastructure.stripe_simulator.cards import CARDS
from infrastructure.stripe_simulator.configuration import (
    LIVE_GAPS_SECONDS,
    SANDBOX_GAPS_SECONDS,
    Json,
    Limits,
)
from infrastructure.stripe_simulator.control_money import MoneyControl
from infrastructure.stripe_simulator.courier import Courier, Rule
from infrastructure.stripe_simulator.errors import ApiError, invalid
from infrastructure.stripe_simulator.faults import Fault, FaultBook
from infrastructure.stripe_simulator.rate_limits import RateLimiter
from infrastructure.stripe_simulator.request_log import RequestLog
from infrastructure.stripe_simulator.wire import Answer, Request, json_answer

_T = TypeVar("_T")


class Advance(msgspec.Struct, forbid_unknown_fields=True):
    """Move the account's clock forward."""

    seconds: int


class Retries(msgspec.Struct, forbid_unknown_fields=True):
    """When failed deliveries are repeated: as Stripe does, or after these gaps of seconds."""

    mode: Literal["live", "sandbox"] | None = None
    gaps: list[float] = []


class Release(msgspec.Struct, forbid_unknown_fields=True):
    """Send held deliveries."""

    order: Literal["oldest", "newest", "shuffled"] = "oldest"


class Redeliver(msgspec.Struct, forbid_unknown_fields=True):
    """Send one event again, `times` times to each endpoint."""

    event: str
    times: int = 1


class Twin(msgspec.Struct, forbid_unknown_fields=True):
    """Emit a second event, with another id, for the same change."""

    event: str


class Attempt(msgspec.Struct, forbid_unknown_fields=True):
    """A customer's attempt on an open session, by any test method.

    With `under_way` it only begins: `finishes` ends it, also after the session has expired.
    """

    session: str
    card: str = "pm_card_visa"
    under_way: bool = False
    finishes: bool = False


class Authentication(msgspec.Struct, forbid_unknown_fields=True):
    """The customer finishes 3-D Secure on an intent in `requires_action`."""

    intent: str
    succeeds: bool = True


class BankAnswer(msgspec.Struct, forbid_unknown_fields=True):
    """The bank's answer about an intent that is processing."""

    intent: str
    succeeds: bool = True


class RefundEnd(msgspec.Struct, forbid_unknown_fields=True):
    """How a refund ends; `reason` is Stripe's failure reason, for failed ones."""

    refund: str
    status: refunds.Ending
    reason: str | None = None


class Control:
    """The control routes over one running simulator."""

    def __init__(
        self,
        account: Account,
        courier: Courier,
        faults: FaultBook,
        limiter: RateLimiter,
        plans: refunds.RefundPlans,
        requests: RequestLog,
    ) -> None:
        self._account = account
        self._courier = courier
        self._faults = faults
        self._limiter = limiter
        self._plans = plans
        self._requests = requests
        self._routes: dict[tuple[str, str], Callable[[Request], object]] = {
            ("GET", "faults"): lambda _: {"armed": len(faults.armed)},
            ("POST", "faults"): self._arm,
            ("PUT", "faults"): self._replace,
            ("DELETE", "faults"): self._disarm,
            ("POST", "rate_limits"): self._limit,
            ("DELETE", "rate_limits"): self._unlimit,
            ("GET", "deliveries"): self._deliveries,
            ("POST", "rules"): self._add_rule,
            ("DELETE", "rules"): self._drop_rules,
            ("POST", "retries"): self._retry,
            ("POST", "release"): self._release,
            ("POST", "redeliver"): self._redeliver,
            ("POST", "twin"): self._twin,
            ("GET", "clock"): lambda _: {"now": account.clock.now()},
            ("POST", "clock"): self._advance,
            ("POST", "attempts"): self._attempt,
            ("POST", "authentications"): self._authenticate,
            ("POST", "bank_answers"): self._end_processing,
            ("POST", "refund_plans"): self._plan_refunds,
            ("DELETE", "refund_plans"): self._drop_refund_plans,
            ("POST", "refund_ends"): self._end_refund,
            ("GET", "requests"): lambda _: {"data": list(requests.entries)},
            ("DELETE", "requests"): lambda _: {"forgotten": requests.forget()},
            ("GET", "health"): lambda _: {"ready": True},
            **MoneyControl(account, plans).routes,
        }

    def answer(self, request: Request) -> Answer:
        """200 with the outcome, 400 for a body of the wrong form, 404 for an unknown path."""
        route = self._routes.get((request.method, request.path.removeprefix("/_control/")))
        if route is None:
            raise ApiError(404, "There is no such control.")
        try:
            return json_answer(200, route(request))
        except (msgspec.DecodeError, ValueError) as error:
            raise invalid(str(error)) from error

    def _read(self, request: Request, shape: type[_T]) -> _T:
        return msgspec.json.decode(request.body or b"{}", type=shape)

    def _arm(self, request: Request) -> Json:
        self._faults.arm(self._read(request, Fault))
        return {"armed": len(self._faults.armed)}

    def _replace(self, request: Request) -> Json:
        """Arm one fault in the place of all others, without a moment when none is armed."""
        self._faults.armed = [self._read(request, Fault)]
        return {"armed": 1}

    def _disarm(self, _: Request) -> Json:
        self._faults.armed.clear()
        return {"armed": 0}

    def _limit(self, request: Request) -> Json:
        self._limiter.limits = self._read(request, Limits)
        return {"limits": self._limiter.limits}

    def _unlimit(self, _: Request) -> Json:
        self._limiter.limits = Limits()
        return {"limits": self._limiter.limits}

    def _deliveries(self, _: Request) -> Json:
        return {"data": list(self._courier.deliveries.values())}

    def _add_rule(self, request: Request) -> Json:
        self._courier.add_rule(self._read(request, Rule))
        return {"rules": len(self._courier.rules)}

    def _drop_rules(self, _: Request) -> Json:
        self._courier.rules.clear()
        return {"rules": 0}

    def _retry(self, request: Request) -> Json:
        wanted = self._read(request, Retries)
        gaps = tuple(wanted.gaps)
        if wanted.mode is not None:
            gaps = LIVE_GAPS_SECONDS if wanted.mode == "live" else SANDBOX_GAPS_SECONDS
        self._courier.gaps_seconds = gaps
        return {"gaps": gaps}

    def _release(self, request: Request) -> Json:
        return {"released": self._courier.release(self._read(request, Release).order)}

    def _redeliver(self, request: Request) -> Json:
        wanted = self._read(request, Redeliver)
        if not 1 <= wanted.times <= 100:
            raise ValueError("times must be 1 to 100")
        event = self._account.events.get(wanted.event)
        return {"started": self._courier.redeliver(event, wanted.times)}

    def _twin(self, request: Request) -> Json:
        event = self._account.events.get(self._read(request, Twin).event)
        content = event["data"]
        twin = self._account.record(
            event["type"],
            content["object"],
            NO_REQUEST,
            previous=content.get("previous_attributes"),
        )
        return {"event": twin["id"]}

    def _advance(self, request: Request) -> Json:
        agenda.advance(self._account, self._read(request, Advance).seconds)
        return {"now": self._account.clock.now()}

    def _attempt(self, request: Request) -> Json:
        wanted = self._read(request, Attempt)
        session = self._account.sessions.get(wanted.session)
        card = CARDS.get(wanted.card)
        if card is None:
            raise ValueError("card must be a test method")
        if wanted.finishes:
            checkout.finish(self._account, session)
        elif wanted.under_way:
            checkout.begin(self._account, session, card)
        elif session["status"] == "open" and not checkout.is_under_way(self._account, session):
            checkout.pay(self._account, session, card, email=None)
        else:
            raise ValueError("the session is not open, or a payment is under way")
        return session

    def _authenticate(self, request: Request) -> Json:
        wanted = self._read(request, Authentication)
        intent = self._account.intents.get(wanted.intent)
        checkout.authenticate(self._account, intent, succeeds=wanted.succeeds, email=None)
        return intent

    def _end_processing(self, request: Request) -> Json:
        wanted = self._read(request, BankAnswer)
        intent = self._account.intents.get(wanted.intent)
        checkout.end_processing(self._account, intent, succeeds=wanted.succeeds)
        return intent

    def _plan_refunds(self, request: Request) -> Json:
        self._plans.add(self._read(request, refunds.Plan))
        return {"plans": len(self._plans.waiting)}

    def _drop_refund_plans(self, _: Request) -> Json:
        self._plans.waiting.clear()
        return {"plans": 0}

    def _end_refund(self, request: Request) -> Json:
        wanted = self._read(request, RefundEnd)
        return refunds.end(self._account, wanted.refund, wanted.status, reason=wanted.reason)
