"""Record what became of a refund; the money's entry stands in the event that tells of it.

What Stripe says now may skip steps: a refund that has failed was accepted before, and both are
recorded, each with its entry.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import assert_never

import msgspec

from application import streams
from application.orders import Decision
from application.planning import Reading
from domain.booking import cancellation
from domain.booking.events import BookingEvent
from domain.booking.state import Booking
from domain.kernel import money
from domain.kernel.events import DomainEvent
from domain.ledger import rules as ledger_rules
from domain.payment import refund_decisions, rejections
from domain.payment.events import PaymentEvent, RefundSettled
from domain.payment.state import Payment, Refund, RefundStatus, evolve

NOTHING: Mapping[str, Payment] = MappingProxyType({})


class Unresolved(msgspec.Struct, frozen=True):
    """Stripe did not answer in time."""


class Refused(msgspec.Struct, frozen=True):
    """Stripe said a definite no; `code` is its error code."""

    code: str


class Accepted(msgspec.Struct, frozen=True):
    """Stripe has the refund and is at it."""

    provider_refund: str


class Settled(msgspec.Struct, frozen=True):
    """Stripe passed the money on."""

    provider_refund: str


class Failed(msgspec.Struct, frozen=True):
    """The money came back to our balance; `code` is Stripe's reason."""

    provider_refund: str
    code: str


Result = Unresolved | Refused | Accepted | Settled | Failed


class RecordRefund(msgspec.Struct, frozen=True):
    """What became of the refund of a payment stream."""

    payment: str
    refund: str
    result: Result

    @property
    def hints(self) -> tuple[str, ...]:
        """The payment."""
        return (self.payment,)


def record_refund(command: RecordRefund, reading: Reading) -> Decision:
    """Rejects PaymentNotFound; told twice records nothing new."""
    payment = reading.load(streams.PAYMENT, command.payment)
    refund = None if payment is None else payment.refund(command.refund)
    if payment is None or refund is None:
        raise rejections.PaymentNotFound()
    recorded = _decide(payment, refund, command.result, reading)
    follows = _booking_events(command, payment, recorded, reading)
    events: list[tuple[str, Sequence[DomainEvent]]] = [(command.payment, recorded)]
    if follows:
        events.append((payment.booking, follows))
    return Decision(answer_stream=command.payment, events=events)


def _booking_events(
    command: RecordRefund, payment: Payment, recorded: list[PaymentEvent], reading: Reading
) -> list[BookingEvent]:
    """The booking is refunded in the append that settles the last of what it owed."""
    if not any(isinstance(event, RefundSettled) for event in recorded):
        return []
    booking = reading.load(streams.BOOKING, payment.booking)
    assert booking is not None
    changed = {command.payment: _after(payment, recorded)}
    return cancellation.settle(booking, settled=settled(booking, reading, changed))


def settled(
    booking: Booking, reading: Reading, changed: Mapping[str, Payment] = NOTHING
) -> money.Money:
    """What has arrived of all that the booking was promised; `changed` are payments as this very
    decision leaves them.
    """
    owed = {obligation.id for obligation in booking.obligations}
    total = money.Money(0, booking.currency)
    for stream in booking.payments:
        payment = changed.get(stream) or reading.load(streams.PAYMENT, stream)
        assert payment is not None
        for refund in payment.refunds:
            if refund.obligation in owed and refund.status is RefundStatus.SETTLED:
                total += refund.amount
    return total


def _decide(
    payment: Payment, refund: Refund, result: Result, reading: Reading
) -> list[PaymentEvent]:
    match result:
        case Unresolved():
            return refund_decisions.leave_refund_unresolved(payment, refund=refund.id)
        case Refused(code=code):
            return refund_decisions.refuse_refund(payment, refund=refund.id, code=code)
        case Accepted(provider_refund=provider):
            return _accept(payment, refund, provider, reading)
        case Settled(provider_refund=provider):
            accepted = _accept(payment, refund, provider, reading)
            return accepted + refund_decisions.settle_refund(
                _after(payment, accepted), refund=refund.id, provider_refund=provider
            )
        case Failed(provider_refund=provider, code=code):
            accepted = _accept(payment, refund, provider, reading)
            return accepted + refund_decisions.fail_refund(
                _after(payment, accepted),
                refund=refund.id,
                provider_refund=provider,
                code=code,
                entry=ledger_rules.refund_failed_entry(
                    booking=payment.booking,
                    amount=refund.amount,
                    references=(provider, refund.intent),
                    now=reading.now,
                ),
            )
        case _:
            assert_never(result)


def _accept(
    payment: Payment, refund: Refund, provider: str, reading: Reading
) -> list[PaymentEvent]:
    return refund_decisions.accept_refund(
        payment,
        refund=refund.id,
        provider_refund=provider,
        entry=ledger_rules.refund_accepted_entry(
            booking=payment.booking,
            amount=refund.amount,
            references=(provider, refund.intent),
            now=reading.now,
        ),
    )


def _after(payment: Payment, events: list[PaymentEvent]) -> Payment:
    for event in events:
        payment = evolve(payment, event)
    return payment
