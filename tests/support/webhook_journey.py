"""A journey's payment at Stripe, in memory, and an airline that receives its webhooks.

Stripe is a model of its own: objects that change, and the events about them, as the bytes that
Stripe signs and lists. Receiver, backfill, processor, dispatcher and decisions are the real ones.
"""

import datetime as dt
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from application.booking.learn_disputes import DisputeLearner
from application.commands import follow_up
from application.payment import gateway
from application.payment.backfill_events import EventBackfill, ListedEvent
from application.payment.check_captures import CheckCaptures, NamedCapture
from application.payment.collect import Collector, ReturnUrls
from application.payment.dispute_gateway import (
    DisputeTransaction,
    FraudWarning,
    ProviderDispute,
    ProviderStatus,
)
from application.payment.process_event import (
    FinishedEvent,
    ProcessStripeEvents,
    StoredEventProcessor,
)
from application.payment.receive_event import EventReceiver, InboxEvent
from application.payment.record_attempt import Opened
from application.payment.refund_payment import RefundPayment
from application.payment.refunding import Refunder
from application.read_list import Page
from domain.kernel import ids, money
from infrastructure.stripe import webhook
from infrastructure.stripe.version import API_VERSION
from tests.support.airline import attempt_of, payment_of
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns
from tests.support.memory_use_cases import MemoryVault
from tests.support.settled import MemoryCheckpoints

SESSION, INTENT, CHARGE, REFUND, DISPUTE = "cs_1", "pi_1", "ch_1", "re_1", "dp_1"
WARNING = "issfr_1"
BY_HAND = "re_2"


class StripeAccount:
    """The objects of one booking's payment, and the events about them, the oldest first."""

    def __init__(self, booking: str, due: money.Money, clock: Any) -> None:
        self.events: list[ListedEvent] = []
        self.loses_answers = False
        self._clock = clock
        self._due = due
        self._own = {
            "booking": booking,
            "payment": payment_of(booking),
            "attempt": attempt_of(booking),
        }
        self._status = "requires_payment_method"
        self._declined = False
        self._refund: gateway.ProviderRefund | None = None
        self._by_hand: gateway.ProviderRefund | None = None
        self._dispute: ProviderDispute | None = None

    # What happens at Stripe.

    def declines(self) -> None:
        """The first card is declined."""
        self._declined = True
        error = {"code": "card_declined", "charge": "ch_0", "payment_method": {"id": "pm_0"}}
        self._happens("payment_intent.payment_failed", self._intent(last_payment_error=error))
        self._happens("charge.failed", {"id": "ch_0", "object": "charge"})

    def pays(self) -> None:
        """The second card pays."""
        self._status = "succeeded"
        charge = {"id": CHARGE, "object": "charge", "payment_intent": INTENT}
        self._happens("charge.succeeded", charge)
        self._happens("payment_intent.succeeded", self._intent(latest_charge=CHARGE))
        session = {"id": SESSION, "object": "checkout.session", "metadata": self._own}
        paid = {"status": "complete", "payment_status": "paid", "payment_intent": INTENT}
        self._happens("checkout.session.completed", {**session, **paid})
        self._happens("charge.updated", charge)

    def refund_becomes(self, status: Any) -> None:
        """The bank has answered about the refund."""
        assert self._refund is not None
        reason = "lost_or_stolen_card" if status == "failed" else None
        self._refund = msgspec.structs.replace(self._refund, status=status, failure_reason=reason)
        self._refund_happens("refund.updated")
        if status == "failed":
            self._refund_happens("refund.failed")

    def is_refunded_by_hand(self, amount: money.Money) -> None:
        """Somebody refunds a part at the dashboard, and the payer's bank has it soon."""
        self._by_hand = gateway.ProviderRefund(
            id=BY_HAND,
            status="pending",
            amount=amount,
            payment_intent=INTENT,
            charge=CHARGE,
            failure_reason=None,
            has_moved=True,
            booking=None,
            payment=None,
            refund=None,
        )
        self._happens("refund.created", _as_sent(self._by_hand))
        self._happens("charge.refunded", {"id": CHARGE, "object": "charge"})
        self._by_hand = msgspec.structs.replace(self._by_hand, status="succeeded")
        self._happens("refund.updated", _as_sent(self._by_hand))

    def is_disputed(self) -> None:
        """The payer's bank warns, and takes the money."""
        amount = self._due
        for each in self._refunds():
            if each.status == "succeeded":
                amount -= each.amount
        warning = {"id": WARNING, "object": "radar.early_fraud_warning"}
        self._happens("radar.early_fraud_warning.created", warning)
        self._dispute = ProviderDispute(
            id=DISPUTE,
            status="needs_response",
            amount=amount,
            reason="fraudulent",
            charge=CHARGE,
            payment_intent=INTENT,
            evidence_due_at=self._clock() + dt.timedelta(days=7),
            submission_count=0,
            transactions=(self._moved("txn_1", -amount.amount, fee=1_500),),
        )
        self._dispute_happens("created", "funds_withdrawn")

    def dispute_ends(self, status: ProviderStatus) -> None:
        """The bank has decided."""
        assert self._dispute is not None
        moved = self._dispute.transactions
        if status == "won":
            moved = (*moved, self._moved("txn_2", self._dispute.amount.amount))
            self._dispute_happens("funds_reinstated")
        self._dispute = msgspec.structs.replace(self._dispute, status=status, transactions=moved)
        self._dispute_happens("updated", "closed")

    # What Stripe answers; the parts of the gateways that webhooks need.

    async def session(self, session_id: str) -> gateway.CheckoutSession:
        assert session_id == SESSION
        paid = self._status == "succeeded"
        tried = paid or self._declined
        return gateway.CheckoutSession(
            id=SESSION,
            url=None if paid else "https://checkout.test",
            status="complete" if paid else "open",
            payment_status="paid" if paid else "unpaid",
            payment_intent=INTENT if tried else None,
            intent=self._found_intent() if tried else None,
            amount=self._due,
            expires_at=self._clock() + dt.timedelta(hours=1),
            **self._own,
        )

    async def payment_intent(self, intent_id: str) -> gateway.PaymentIntent:
        assert intent_id == INTENT
        return self._found_intent()

    async def list_intents(
        self, *, created_since: dt.datetime, after: str | None = None
    ) -> gateway.IntentPage:
        assert created_since
        assert after is None
        return gateway.IntentPage([self._found_intent()], has_more=False)

    async def create_refund(self, order: gateway.RefundOrder) -> gateway.ProviderRefund:
        if self._refund is None:
            self._refund = gateway.ProviderRefund(
                id=REFUND,
                status="pending",
                amount=order.amount,
                payment_intent=INTENT,
                charge=CHARGE,
                failure_reason=None,
                has_moved=True,
                booking=order.booking,
                payment=order.payment,
                refund=order.refund,
            )
            self._refund_happens("refund.created")
            self._happens("charge.refunded", {"id": CHARGE, "object": "charge"})
        if self.loses_answers:
            raise gateway.GatewayTimeout("the answer is lost")
        return self._refund

    async def refund(self, refund_id: str) -> gateway.ProviderRefund:
        (found,) = [each for each in self._refunds() if each.id == refund_id]
        return found

    async def find_refunds(
        self, *, payment_intent: str, refund: str
    ) -> list[gateway.ProviderRefund]:
        assert payment_intent == INTENT
        assert refund
        return [] if self._refund is None else [self._refund]

    async def refunds_of_charge(self, charge: str) -> list[gateway.ProviderRefund]:
        assert charge == CHARGE
        return self._refunds()

    def _refunds(self) -> list[gateway.ProviderRefund]:
        """All refunds of the charge, the newest first."""
        return [each for each in (self._refund, self._by_hand) if each is not None]

    async def dispute(self, dispute_id: str) -> ProviderDispute:
        assert dispute_id == DISPUTE
        assert self._dispute is not None
        return self._dispute

    async def fraud_warning(self, warning_id: str) -> FraudWarning:
        assert warning_id == WARNING
        return FraudWarning(
            id=WARNING, charge=CHARGE, payment_intent=INTENT, fraud_type="made_with_stolen_card"
        )

    async def list_events(
        self,
        *,
        undelivered_only: bool,
        created_since: dt.datetime,
        created_before: dt.datetime | None = None,
        after: str | None = None,
    ) -> Page[ListedEvent]:
        assert undelivered_only
        assert created_since
        assert created_before is after is None
        return Page(self.events[::-1], has_more=False)

    def _found_intent(self) -> gateway.PaymentIntent:
        paid = self._status == "succeeded"
        failed = self._declined and not paid
        return gateway.PaymentIntent(
            id=INTENT,
            status=self._status,
            amount=self._due,
            amount_received=self._due if paid else money.Money(0, self._due.currency),
            latest_charge=CHARGE if paid else "ch_0" if failed else None,
            last_error_code="card_declined" if failed else None,
            last_error_id="ch_0" if failed else None,
            card="4242" if paid else None,
            **self._own,
        )

    def _intent(self, **more: Any) -> dict[str, Any]:
        return {
            "id": INTENT,
            "object": "payment_intent",
            "status": self._status,
            "amount": self._due.amount,
            "amount_received": self._due.amount if self._status == "succeeded" else 0,
            "currency": self._due.currency.lower(),
            "metadata": self._own,
            **more,
        }

    def _refund_happens(self, name: str) -> None:
        assert self._refund is not None
        self._happens(name, _as_sent(self._refund))

    def _dispute_happens(self, *names: str) -> None:
        for name in names:
            self._happens(f"charge.dispute.{name}", {"id": DISPUTE, "object": "dispute"})

    def _moved(self, name: str, amount: int, *, fee: int = 0) -> DisputeTransaction:
        unit = self._due.currency
        return DisputeTransaction(name, money.Money(amount, unit), money.Money(fee, unit))

    def _happens(self, name: str, about: Mapping[str, Any]) -> None:
        body = json.dumps(
            {
                "id": f"evt_{len(self.events) + 1}",
                "object": "event",
                "type": name,
                "api_version": API_VERSION,
                "created": int(self._clock().timestamp()),
                "livemode": False,
                "data": {"object": about},
            }
        ).encode()
        read = webhook.decode(body)
        self.events.append(ListedEvent(read.id, name, read.object_id, read.created, body))


def _as_sent(refund: gateway.ProviderRefund) -> dict[str, Any]:
    """The refund as the object of an event."""
    own = {"booking": refund.booking, "payment": refund.payment, "refund": refund.refund}
    reason = {"failure_reason": refund.failure_reason} if refund.failure_reason else {}
    return {
        "id": refund.id,
        "object": "refund",
        "status": refund.status,
        "payment_intent": INTENT,
        "charge": CHARGE,
        "amount": refund.amount.amount,
        "currency": refund.amount.currency.lower(),
        "metadata": {name: value for name, value in own.items() if value is not None},
        **reason,
    }


class MemoryInbox:
    """`EventInbox` and `StoredEvents` by id; what waits is due at once."""

    def __init__(self) -> None:
        self.rows: dict[str, InboxEvent] = {}

    async def store(self, event: InboxEvent, **more: Any) -> Any:
        assert more
        if event.id in self.rows:
            return "duplicate"
        self.rows[event.id] = event
        return "fresh"

    async def record_done(self, event: Any) -> bool:
        known = self.rows.get(event.id)
        done = InboxEvent(event.id, event.type, event.object, "done", tries=0)
        self.rows[event.id] = done
        return known is None or known.state != "done"

    async def read_all(self, event_ids: Collection[str]) -> list[InboxEvent]:
        return [self.rows[each] for each in event_ids if each in self.rows]

    async def finish_all(self, finished: Sequence[FinishedEvent]) -> None:
        for each in finished:
            self.rows[each.id] = msgspec.structs.replace(self.rows[each.id], state=each.state)

    async def postpone(self, event_id: str, *, reason: str, seconds: float) -> bool:
        raise AssertionError(f"{event_id} waits {seconds}: {reason}")

    async def fail(self, event_id: str, *, reason: str, seconds: float, limit: int) -> bool:
        raise AssertionError(f"{event_id} fails {seconds} {limit}: {reason}")


class Settlement:
    """`SettlementReader` that counts the sweeps."""

    def __init__(self) -> None:
        self.sweeps = 0

    async def learn_payout(self, payout: str, *, cause: follow_up.Cause) -> None:
        raise AssertionError(f"no event is about {payout}: {cause}")

    async def learn_transactions(self) -> None:
        self.sweeps += 1


class WebhookJourney:
    """A booking whose session is open, and all that receives and processes events about it."""

    def __init__(self, *, currency: str, fare: int) -> None:
        self.airline = MemoryAirline()
        self._runs = ProcessRuns(self.airline)
        self._runs.decide_with_causes()
        bus = self.bus = self._runs.bus
        flight = self.airline.schedule(currency=currency, fare=fare)
        self.booking = self.airline.book(flight)
        self.airline.checkout(self.booking)
        opened = Opened(SESSION, "https://checkout.test", self.airline.clock() + dt.timedelta(1))
        self.airline.record_attempt(self.booking, opened)
        self.due: money.Money = self.airline.booking(self.booking).amount_due()
        self.stripe = StripeAccount(self.booking, self.due, self.airline.clock)
        both: Any = self.stripe
        clock = self.airline.clock
        self._collector = Collector(
            bus=bus,
            payments=both,
            clock=clock,
            urls=ReturnUrls("https://paid.test", "https://unpaid.test"),
            describe=lambda booking: booking,
        )
        self._refunder = Refunder(bus=bus, payments=both, collector=self._collector, clock=clock)
        self.inbox = MemoryInbox()
        self._receiver = EventReceiver(
            inbox=self.inbox,
            vault=MemoryVault(),
            bus=bus,
            verify=lambda body, _signature: webhook.decode(body),
        )
        self._backfill = EventBackfill(
            stripe=self.stripe,
            inbox=self.inbox,
            vault=MemoryVault(),
            checkpoints=MemoryCheckpoints(),
            clock=clock,
        )
        self._processor = StoredEventProcessor(
            inbox=self.inbox,
            collector=self._collector,
            refunder=self._refunder,
            settlement=Settlement(),
            disputes=DisputeLearner(
                bus=bus, disputes=both, collector=self._collector, refunder=self._refunder
            ),
        )

    @property
    def payment(self) -> str:
        """The stream of the booking's payment."""
        return payment_of(self.booking)

    async def deliver(self, event: ListedEvent) -> None:
        """Let the webhook of the event arrive."""
        await self._receiver.receive(event.body, None)

    async def work(self) -> None:
        """Process what is stored, as the worker does."""
        new = [each.id for each in self.inbox.rows.values() if each.state == "new"]
        await self._processor.process(ProcessStripeEvents(tuple(new)))

    async def returns(self) -> None:
        """The traveller comes back from the checkout: Stripe is asked about the session."""
        await self._collector.learn_session(SESSION, cause=self._cause("return"))

    async def refund(self, amount: money.Money, *, answer_is_lost: bool) -> None:
        """Ask Stripe for a refund."""
        self.airline.submit(RefundPayment(self.booking, "cancellation", amount, (self.payment,)))
        self.stripe.loses_answers = answer_is_lost
        refund = f"{self.payment}-r1"
        try:
            await self._refunder.send(self.payment, refund, cause=self._cause("refund"))
        except gateway.GatewayTimeout:
            assert answer_is_lost
        self.stripe.loses_answers = False

    async def end(self) -> None:
        """Backfill what never arrived; timers and processes do the rest of their work."""
        await self._backfill.store_undelivered()
        await self.work()
        await self.work()
        named = NamedCapture(self.payment, INTENT)
        await self._refunder.captures.check(CheckCaptures((named,), self.airline.clock()))
        await self._runs.to_the_end()
        assert {row.state for row in self.inbox.rows.values()} <= {"done", "ignored"}

    def books(self) -> list[bytes]:
        """Every entry of the log, as its bytes, in an order of their own."""
        return sorted(
            each.stream.encode() + b" " + msgspec.json.encode(entry)
            for each in self.airline.log.events
            if (entry := getattr(each.event, "entry", None)) is not None
        )

    def _cause(self, step: str) -> follow_up.Cause:
        id = ids.step_command_id(ids.event_id(self.payment, 1), step)
        return follow_up.Cause(id=id, actor="test", correlation_id=self.payment)
