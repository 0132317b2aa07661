"""Charge a lost dispute back: what the payer was owed pays for it, and the rest is a loss.

In this order: refunds that the payer has not got; parked money; what is left of a gift card;
coupons not flown, the latest flight first. What none of them covers was flown, kept as a fee or
refunded before.
"""

from collections.abc import Sequence

from application.booking import journey, paid_seats
from application.booking.complete_modification import AbandonModification
from application.booking.order_extras import AbandonExtras
from application.commands import stream_kinds
from application.commands.context import DecisionContext
from application.credit.dispute_credit import charge_back_credit, park_unused
from application.payment.refund_payment import RefundPayment, SendRefund
from domain.booking import cancellation, charge_back, rejections
from domain.booking.coupons import Coupon, CouponStatus
from domain.booking.state import Booking
from domain.inventory.state import FlightStatus
from domain.kernel import entries, ids, money
from domain.ledger import disputes as posting
from domain.ledger.carriage import Posted
from domain.payment import disputes, external_refunds, refunds
from domain.payment.dispute_state import Dispute
from domain.payment.state import Payment

# Why seats come back on sale.
CHARGED_BACK = "charged_back"


def bookings_of(context: DecisionContext, payment: Payment) -> list[str]:
    """Return the booking that the payment pays for, and those that were divided off it."""
    if ids.prefix_of(payment.pays_for) != ids.StreamPrefix.BOOKING:
        return []
    found = [payment.pays_for]
    for name in found:
        found += [each.booking for each in journey.load(context, name).divided_into]
    return found


def replaced_refunds(context: DecisionContext, payment: Payment) -> set[str]:
    """Return the refunds in whose place others were sent, from any payment of its bookings."""
    payments = [payment]
    for booking in bookings_of(context, payment):
        names = journey.load(context, booking).payments
        payments += [_payment(context, each) for each in names]
    return {each.replaces for one in payments for each in one.refunds if each.replaces}


def charge_back_loss(
    context: DecisionContext, payment_id: str, dispute: Dispute
) -> entries.Entry | None:
    """Let all that the payer was owed pay for the dispute's receivable; return the rest's entry.

    Rejects ModificationPending while a paid modification is not completed: its coupons come first.
    """
    park_unused(context, payment_id, dispute.intent)
    captured = _payment(context, payment_id).capture(dispute.intent)
    assert captured is not None, "only captured money is disputed"
    if not captured.parked:
        _request_what_is_owed(context, payment_id)
    left = _from_refunds(context, payment_id, dispute)
    payment = _payment(context, payment_id)
    parked = 0
    if captured.owed_by is None:
        parked = min(left, captured.unapplied().amount)
        left -= parked
    if not captured.parked:
        left = charge_back_credit(context, payment, dispute, left)
        left = _from_bookings(context, payment, dispute, left)
    currency = dispute.amount.currency
    return posting.lost_entry(
        _posted(context, payment.booking, dispute),
        parked=money.Money(parked, currency),
        loss=money.Money(left, currency),
    )


def _request_what_is_owed(context: DecisionContext, payment_id: str) -> None:
    """Request refunds that are owed and wait for a departure: with the loss it is final."""
    for booking_id in bookings_of(context, _payment(context, payment_id)):
        booking = journey.load(context, booking_id)
        for owed in booking.obligations:
            request = RefundPayment(
                booking_id=booking_id,
                obligation=owed.id,
                amount=owed.amount,
                payment_ids=tuple(reversed(booking.payments)),
                by_airline=owed.by_airline,
            )
            request.decide(context)


def _from_refunds(context: DecisionContext, payment_id: str, dispute: Dispute) -> int:
    """Let the dispute pay unpaid refunds of the capture; return what is left of it."""
    left = dispute.receivable
    payment = _payment(context, payment_id)
    replaced = replaced_refunds(context, payment)
    for refund in disputes.unpaid_refunds(payment, dispute.intent, replaced=replaced):
        if not left:
            break
        payment = _payment(context, payment_id)
        part = money.Money(min(left, refund.amount.amount), refund.amount.currency)
        charged = disputes.charge_back_refund(
            payment,
            refund=refund.id,
            dispute=dispute.id,
            amount=part,
            entry=posting.refund_charged_back_entry(
                _posted(context, payment.owed_by(refund), dispute), amount=part
            ),
        )
        context.record(payment_id, charged)
        left -= part.amount
        if part != refund.amount:
            _request_rest(context, payment_id, refund.id, dispute)
    return left


def _request_rest(context: DecisionContext, payment_id: str, refund: str, dispute: Dispute) -> None:
    """Request what the dispute did not pay; what was refunded by hand meanwhile is with finance."""
    payment = _payment(context, payment_id)
    fresh = ids.refund_id(payment_id, len(payment.refunds) + 1)
    requested = disputes.request_rest(
        payment, refund=refund, fresh=fresh, idempotency_key=f"refund:{fresh}", now=context.now
    )
    context.record(payment_id, requested)
    after = _payment(context, payment_id)
    taken = dispute.receivable + after.charged_back(dispute.intent).amount
    if after.excess(dispute.intent) + taken > 0:
        code = external_refunds.REFUNDED_BY_HAND
        context.record(payment_id, refunds.refuse_refund(after, refund=fresh, code=code))
    else:
        context.enqueue(SendRefund(payment_id=payment_id, refund=fresh))


def _from_bookings(
    context: DecisionContext, payment: Payment, dispute: Dispute, amount: int
) -> int:
    """Make coupons void until their value reaches the amount; return what is left of it.

    The loss is recorded on the booking that was paid for: nothing of it is granted back.
    """
    names = bookings_of(context, payment)
    for name in names:
        _end_modification(context, name)
    reached = _reached(context, names, amount)
    left = amount - sum(taken for _, taken in reached.values())
    for name in names:
        coupons, taken = reached.get(name, ([], 0))
        loss = left if name == payment.pays_for else 0
        _charge_back_booking(context, name, dispute, coupons, taken=taken, loss=loss)
    return left


def _end_modification(context: DecisionContext, booking_id: str) -> None:
    """Abandon an unpaid change, whose coupons would be exchanged otherwise, or sold more with."""
    booking = journey.load(context, booking_id)
    if not booking.awaits_change:
        return
    if booking.modification_paid:
        raise rejections.ModificationPending()
    if booking.extras_order is not None:
        AbandonExtras(booking_id=booking_id).decide(context)
    else:
        AbandonModification(booking_id=booking_id).decide(context)


def _reached(
    context: DecisionContext, names: Sequence[str], amount: int
) -> dict[str, tuple[list[Coupon], int]]:
    """Return by booking the coupons that the amount reaches, and what it takes of their value.

    Those without a value, of infants, go with the last of the others.
    """
    found: dict[str, tuple[list[Coupon], int]] = {}
    worthless = []
    for name, coupon, value in _unflown(context, names):
        if not value:
            worthless.append((name, coupon))
        elif amount <= 0:
            return found
        else:
            coupons, taken = found.get(name, ([], 0))
            part = min(amount, value)
            found[name] = ([*coupons, coupon], taken + part)
            amount -= part
    for name, coupon in worthless:
        coupons, taken = found.get(name, ([], 0))
        found[name] = ([*coupons, coupon], taken)
    return found


def _unflown(context: DecisionContext, names: Sequence[str]) -> list[tuple[str, Coupon, int]]:
    """Return the coupons of all bookings with their values, the latest flight first.

    Passengers on board, and flights that have left and are not closed yet, count as flown.
    """
    found = []
    for name in names:
        booking = journey.load(context, name)
        for coupon in charge_back.unflown(booking):
            flight = journey.load_flight(context, booking.segments[coupon.segment].flight)
            departed = flight.status is FlightStatus.DEPARTED
            if coupon.status is not CouponStatus.LIFTED and not departed:
                found.append((name, coupon, journey.value_of(booking, [coupon]).total))
    return sorted(found, key=lambda each: -each[1].segment)


def _charge_back_booking(
    context: DecisionContext,
    booking_id: str,
    dispute: Dispute,
    coupons: list[Coupon],
    *,
    taken: int,
    loss: int,
) -> None:
    booking = journey.load(context, booking_id)
    obligation, entry = None, None
    if coupons:
        value = journey.value_of(booking, coupons)
        rest = value.total - taken
        owed = rest - rest % money.charge_step(booking.currency)
        obligation = cancellation.next_obligation(booking, booking_id, owed)
        if value.total:
            posted = Posted(booking_id, _references(booking, dispute), context.now)
            entry = posting.coupons_charged_back_entry(
                posted, value=value, charged_back=taken, owed=owed
            )
    recorded = charge_back.charge_back(
        booking,
        dispute=dispute.id,
        amount=money.Money(taken + loss, booking.currency),
        coupons=coupons,
        obligation=obligation,
        entry=entry,
    )
    context.record(booking_id, recorded)
    journey.return_seats(context, booking_id, booking, coupons, CHARGED_BACK)
    paid_seats.review_laps(context, booking_id, reason=CHARGED_BACK)


def _references(booking: Booking, dispute: Dispute) -> tuple[str, ...]:
    return (dispute.id, *(ticket.number for ticket in booking.tickets))


def _posted(context: DecisionContext, booking: str, dispute: Dispute) -> Posted:
    return Posted(booking, (dispute.id, dispute.charge), context.now)


def _payment(context: DecisionContext, payment_id: str) -> Payment:
    payment = context.load(stream_kinds.PAYMENT, payment_id)
    assert payment is not None, "the dispute is recorded on it"
    return payment
