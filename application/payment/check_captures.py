"""Check captures that signed events reported against Stripe's own list, a hundred to a call.

A leaked signing secret must not sell tickets: what Stripe does not know suspends the coupons. An
intent that the list lacks is asked about by itself before that is believed; a failure of Stripe
concludes nothing.
"""

import asyncio
import datetime as dt
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import msgspec

from application import ports
from application.commands import follow_up, stream_kinds
from application.commands.bus import CommandBus
from application.payment import gateway
from application.payment.record_capture_check import FoundIntent, RecordCaptureCheck
from domain.kernel import ids
from domain.payment.state import CaptureCheck, Payment

# An intent is older than its capture by the tries of its payer, and both clocks differ a little.
BEFORE_CAPTURE = dt.timedelta(minutes=2)
# Pages of a hundred intents read for so many captures, at most; the rest is asked one by one.
CAPTURES_A_PAGE = 20
SINGLE_QUESTIONS = 25
# Stripe may confirm later what its list contradicted before.
UNCONFIRMED = frozenset({CaptureCheck.OPEN, CaptureCheck.CONTRADICTED})

logger = logging.getLogger(__name__)


class NamedCapture(msgspec.Struct, frozen=True):
    """A capture by the stream of its payment and its intent at Stripe."""

    payment: str
    intent: str


class CheckCaptures(ports.BackgroundTask, frozen=True):
    """Check captures, the oldest of which was recorded at `since`."""

    topic: ClassVar[str] = "check_captures"

    captures: tuple[NamedCapture, ...]
    since: dt.datetime


class CaptureChecker:
    """Uses the dispatcher for every record and the gateway for every call."""

    def __init__(self, *, bus: CommandBus, payments: gateway.PaymentGateway) -> None:
        self._bus = bus
        self._payments = payments

    async def check(self, task: CheckCaptures) -> None:
        """Check them; those that the list lacks beyond SINGLE_QUESTIONS are left to the next time.

        Tasks of an outage contain the same captures: what one has checked costs the others no call.
        The records are submitted together, so that they become one append. Raises GatewayFailure,
        after what was found has been recorded, and Unavailable.
        """
        captures = await self._unconfirmed(task.captures)
        if not captures:
            return
        found = await self._listed(captures, since=task.since)
        await self._record(captures, found)
        missing = [each for each in captures if each.intent not in found]
        for capture in missing[:SINGLE_QUESTIONS]:
            await self._record([capture], {capture.intent: await self._single(capture.intent)})

    async def is_confirmed(self, payment_id: str, intent: str) -> bool:
        """Return whether Stripe has the capture; one that was not checked yet is checked now."""
        state = await self._state(payment_id, intent)
        if state is not CaptureCheck.OPEN:
            return state is not CaptureCheck.CONTRADICTED
        capture = NamedCapture(payment_id, intent)
        await self._record([capture], {intent: await self._single(intent)})
        return await self._state(payment_id, intent) is CaptureCheck.PASSED

    async def _state(self, payment_id: str, intent: str) -> CaptureCheck | None:
        return _check_of((await self._bus.current(stream_kinds.PAYMENT, payment_id))[0], intent)

    async def _unconfirmed(self, captures: Sequence[NamedCapture]) -> list[NamedCapture]:
        names = sorted({each.payment for each in captures})
        payments = await self._bus.current_all(stream_kinds.PAYMENT, names)
        return [
            each
            for each in captures
            if _check_of(payments[each.payment][0], each.intent) in UNCONFIRMED
        ]

    async def _listed(
        self, captures: Sequence[NamedCapture], *, since: dt.datetime
    ) -> dict[str, FoundIntent | None]:
        """Return those of the captures' intents that are in the list since shortly before."""
        wanted = {each.intent for each in captures}
        found: dict[str, FoundIntent | None] = {}
        after: str | None = None
        for _ in range(1 + len(wanted) // CAPTURES_A_PAGE):
            page = await self._payments.list_intents(
                created_since=since - BEFORE_CAPTURE, after=after
            )
            found |= {each.id: _found(each) for each in page.intents if each.id in wanted}
            if not page.has_more or found.keys() == wanted:
                break
            after = page.intents[-1].id
        return found

    async def _single(self, intent: str) -> FoundIntent | None:
        try:
            return _found(await self._payments.payment_intent(intent))
        except gateway.GatewayRejected as refusal:
            if refusal.code != gateway.RESOURCE_MISSING:
                raise
            return None

    async def _record(
        self, captures: Iterable[NamedCapture], found: Mapping[str, FoundIntent | None]
    ) -> None:
        known = [each for each in captures if each.intent in found]
        await asyncio.gather(*(self._record_one(each, found[each.intent]) for each in known))

    async def _record_one(self, capture: NamedCapture, found: FoundIntent | None) -> None:
        """Record what was found; the command's id holds it, so that a later answer counts too."""
        cause = follow_up.Cause(
            id=ids.step_command_id(ids.event_id(capture.payment, 1), f"check:{capture.intent}"),
            actor="system",
            correlation_id=capture.payment,
        )
        command = RecordCaptureCheck(capture.payment, capture.intent, found)
        step = msgspec.json.encode(found).decode()
        outcome = await self._bus.submit(follow_up.envelope(cause, step, command))
        payment: Payment = outcome.state
        if outcome.written and _check_of(payment, capture.intent) is CaptureCheck.CONTRADICTED:
            logger.critical(
                "Stripe does not confirm capture %s of %s, which a signed event reported: "
                "the coupons are suspended; is a signing secret known to others?",
                capture.intent,
                capture.payment,
            )


def _check_of(payment: Payment | None, intent: str) -> CaptureCheck | None:
    """Return how far the capture is checked; None where it need not be, or is unknown."""
    capture = None if payment is None else payment.capture(intent)
    return None if capture is None else capture.check


def _found(intent: gateway.PaymentIntent) -> FoundIntent:
    captured = intent.amount_received if intent.status == "succeeded" else None
    return FoundIntent(captured=captured, payment=intent.payment, card=intent.card)


def tasks_of(captures: Sequence[tuple[str, str, dt.datetime]], *, size: int) -> list[CheckCaptures]:
    """Return tasks of so many captures each, given as payment, intent and instant."""
    return [
        CheckCaptures(
            captures=tuple(NamedCapture(payment, intent) for payment, intent, _ in chunk),
            since=min(at for _, _, at in chunk),
        )
        for chunk in (captures[start : start + size] for start in range(0, len(captures), size))
    ]
