"""The control path `/_control/…` for tests and demos: faults, deliveries, time, forced outcomes.

It is not part of Stripe's API: JSON in, JSON out, no key; the server listens on loopback only.
"""

from collections.abc import Callable
from typing import Literal, TypeVar

import msgspec

from infrastructure.stripe_simulator import checkout, intents, refunds
from infrastructure.stripe_simulator.account import NO_REQUEST, Account
from infrastructure.stripe_simulator.charges import CARDS
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.courier import Courier, Rule
from infrastructure.stripe_simulator.errors import ApiError, invalid
from infrastructure.stripe_simulator.faults import Fault, FaultBook
from infrastructure.stripe_simulator.request_log import RequestLog
from infrastructure.stripe_simulator.wire import Answer, Request, json_answer

_T = TypeVar("_T")


class Advance(msgspec.Struct, forbid_unknown_fields=True):
    """Move the account's clock forward."""

    seconds: int


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
    """A customer's attempt on a session; `late` pays it although it has expired."""

    session: str
    card: str = "pm_card_visa"
    late: bool = False


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
        plans: refunds.RefundPlans,
        requests: RequestLog,
    ) -> None:
        self._account = account
        self._courier = courier
        self._faults = faults
        self._plans = plans
        self._requests = requests
        self._routes: dict[tuple[str, str], Callable[[Request], object]] = {
            ("GET", "faults"): lambda _: {"armed": len(faults.armed)},
            ("POST", "faults"): self._arm,
            ("DELETE", "faults"): self._disarm,
            ("GET", "deliveries"): self._deliveries,
            ("POST", "rules"): self._add_rule,
            ("DELETE", "rules"): self._drop_rules,
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
            ("GET", "health"): lambda _: {"ready": True},
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

    def _disarm(self, _: Request) -> Json:
        self._faults.armed.clear()
        return {"armed": 0}

    def _deliveries(self, _: Request) -> Json:
        return {"data": list(self._courier.deliveries.values())}

    def _add_rule(self, request: Request) -> Json:
        self._courier.add_rule(self._read(request, Rule))
        return {"rules": len(self._courier.rules)}

    def _drop_rules(self, _: Request) -> Json:
        self._courier.rules.clear()
        return {"rules": 0}

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
        twin = self._account.record(event["type"], event["data"]["object"], NO_REQUEST)
        return {"event": twin["id"]}

    def _advance(self, request: Request) -> Json:
        self._account.clock.advance(self._read(request, Advance).seconds)
        checkout.expire_due(self._account)
        return {"now": self._account.clock.now()}

    def _attempt(self, request: Request) -> Json:
        wanted = self._read(request, Attempt)
        session = self._account.sessions.get(wanted.session)
        card = CARDS.get(wanted.card)
        if card is None:
            raise ValueError("card must be a test method")
        if session["status"] == "open":
            checkout.pay(self._account, session, card, email=None)
        elif session["status"] == "expired" and wanted.late:
            checkout.pay_late(self._account, session, card)
        else:
            raise ValueError(f"the session is {session['status']}")
        return session

    def _authenticate(self, request: Request) -> Json:
        wanted = self._read(request, Authentication)
        intent = self._account.intents.get(wanted.intent)
        if intent["status"] != "requires_action":
            raise ValueError(f"the intent is {intent['status']}")
        if not wanted.succeeds:
            return intents.fail_authentication(self._account, intent, NO_REQUEST)
        intents.attempt(
            self._account,
            intent,
            card=CARDS["pm_card_visa"],
            payment_method=intent["payment_method"],
            cause=NO_REQUEST,
        )
        session = self._account.session_of(intent["id"])
        if session is not None:
            checkout.complete(self._account, session, intent, email=None)
        return intent

    def _end_processing(self, request: Request) -> Json:
        wanted = self._read(request, BankAnswer)
        intent = self._account.intents.get(wanted.intent)
        if intent["status"] != "processing":
            raise ValueError(f"the intent is {intent['status']}")
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
