"""The refunds of a booking as its owner sees them: how much, to where, how far, and what is next.

Computed from the payments each time, so that it follows a refund that fails after it succeeded.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Literal, assert_never

import msgspec
from msgspec.structs import replace

from domain.kernel import entries, ids, money
from domain.payment import refunds as payment_refunds
from domain.payment.external_refund_state import ExternalRefund
from domain.payment.external_refunds import REFUNDED_BY_HAND
from domain.payment.state import (
    NOT_REFUNDED,
    CreditReturn,
    Payment,
    Refund,
    RefundStatus,
)

# A card's bank shows a refund after five to ten business days; ten are fourteen days wherever the
# week has two days off. Holidays are not counted.
# Source: https://support.stripe.com/questions/customer-refund-processing-time
CARD_REFUND_DAYS = 14
# Stripe's reasons that concern the payer's card or bank: the money has to go another way. Source:
# https://docs.stripe.com/api/refunds/object, failure_reason.
OF_THE_PAYER = ("lost_or_stolen_card", "expired_or_canceled_card", "declined")

Progress = Literal["requested", "pending", "requires_action", "succeeded", "failed", "canceled"]
# The card that paid; a bank account, by a transfer of finance; travel credit; or nowhere any more,
# because by a dispute the payer's bank has given it back already.
DestinationKind = Literal["card", "bank", "credit", "dispute"]
ExpectedBySource = Literal["card_ten_business_days", "transfer_value_date", "credit_at_once"]
Reason = Literal[
    "charge_disputed",
    "lost_or_stolen_card",
    "expired_or_canceled_card",
    "declined",
    "withdrawn",
    "refunded_by_hand",
    "not_possible",
]
NextStep = Literal[
    "ask_your_bank_to_end_the_dispute",
    "give_stripe_your_bank_details",
    "ask_your_bank",
    "ask_the_airline",
    "await_the_airline",
]


class Expected(msgspec.Struct, frozen=True):
    """The day on which the payer has the money at the latest, and where that figure is from."""

    by: dt.date
    source: ExpectedBySource


class RefundDestination(msgspec.Struct, frozen=True):
    """Where the money goes: `card` is its last four digits, if they are known, `credit` its id."""

    kind: DestinationKind
    card: str | None = None
    credit: str | None = None


class BookingRefund(msgspec.Struct, frozen=True, kw_only=True):
    """One refund. `id` is ours, or Stripe's where it was made `by_hand` there.

    `requested_at` is None where it was not recorded, `expected` where nobody can say. `reason` is
    why it waits or has failed, `next_step` the customer's, None where there is none. `replaces` is
    the failed one in whose place it was sent.
    """

    id: str
    amount: money.Money
    destination: RefundDestination
    status: Progress
    requested_at: dt.datetime | None
    expected: Expected | None = None
    reason: Reason | None = None
    next_step: NextStep | None = None
    replaces: str | None = None
    by_hand: bool = False


def refunds_of(
    booking_id: str, payments: Sequence[Payment], *, now: dt.datetime
) -> tuple[BookingRefund, ...]:
    """Return what these payments refund to the booking, the oldest first.

    A payment that a divided booking shares also refunds what the others are owed: that is theirs.
    What an external refund has paid is listed as that one, and not a second time.
    """
    today = entries.accounting_day(now)
    found = [each for payment in payments for each in _of(booking_id, payment, payments, today)]
    unknown = dt.datetime.min.replace(tzinfo=dt.UTC)
    return tuple(sorted(found, key=lambda each: each.requested_at or unknown))


def _of(
    booking_id: str, payment: Payment, payments: Sequence[Payment], today: dt.date
) -> Iterator[BookingRefund]:
    ours = [each for other in payments for each in other.refunds]
    replaced = {each.replaces for each in ours}
    covered = {each.id for each in ours if each.status is RefundStatus.COVERED}
    for refund in payment.refunds:
        owes = ids.booking_of_obligation(refund.obligation) or payment.pays_for
        if owes == booking_id and refund.status is not RefundStatus.COVERED:
            found = _ours(payment, refund, today, is_replaced=refund.id in replaced)
            is_rest = refund.replaces in covered
            yield replace(found, replaces=None) if is_rest else found
    for external in payment.external_refunds:
        amount = _share_of(booking_id, payment, external)
        if amount.amount > 0:
            yield _by_hand(payment, external, amount, today)
    for returned in payment.credit_returns:
        if (ids.booking_of_obligation(returned.obligation) or payment.pays_for) == booking_id:
            yield _as_credit(payment, returned)


def _ours(payment: Payment, refund: Refund, today: dt.date, *, is_replaced: bool) -> BookingRefund:
    status, reason, next_step = _progress(refund)
    expected = _expected(refund, today)
    next_step = next_step or _next_step_of_overdue(status, expected, today)
    has_failed = refund.status in NOT_REFUNDED
    return BookingRefund(
        id=refund.id,
        amount=refund.arrived() if status == "succeeded" else refund.amount,
        destination=_destination(payment, refund),
        status=status,
        requested_at=refund.requested_at,
        expected=expected,
        reason=reason,
        next_step=None if has_failed and is_replaced else next_step,
        replaces=refund.replaces,
    )


def _next_step_of_overdue(
    status: Progress, expected: Expected | None, today: dt.date
) -> NextStep | None:
    """Return what to do about one that should have come: its bank may have it, or nobody yet."""
    if expected is None or expected.by >= today or expected.source == "credit_at_once":
        return None
    return "ask_your_bank" if status == "succeeded" else "await_the_airline"


def _progress(refund: Refund) -> tuple[Progress, Reason | None, NextStep | None]:
    match refund.status:
        case RefundStatus.REQUESTED | RefundStatus.UNKNOWN:
            return "requested", None, None
        case RefundStatus.WAITING:
            return "requested", "charge_disputed", "ask_your_bank_to_end_the_dispute"
        case RefundStatus.ACCEPTED:
            return "pending", None, None
        case RefundStatus.REQUIRES_ACTION:
            return "requires_action", None, "give_stripe_your_bank_details"
        case (
            RefundStatus.SETTLED
            | RefundStatus.TRANSFERRED
            | RefundStatus.CHARGED_BACK
            | RefundStatus.COVERED
        ):
            return "succeeded", None, None
        case RefundStatus.CANCELED:
            return "canceled", "withdrawn", "await_the_airline"
        case RefundStatus.FAILED | RefundStatus.REFUSED:
            reason = _reason(refund.failure)
            of_payer = reason in OF_THE_PAYER
            return "failed", reason, "ask_the_airline" if of_payer else "await_the_airline"
        case _:
            assert_never(refund.status)


def _reason(code: str | None) -> Reason:
    """Return Stripe's reason where it is the payer's concern; the others are the airline's."""
    match code:
        case "lost_or_stolen_card" | "expired_or_canceled_card" | "declined":
            return code
        case payment_refunds.CANCELED:
            return "withdrawn"
        case _ if code == REFUNDED_BY_HAND:
            return "refunded_by_hand"
        case _:
            return "not_possible"


def _destination(payment: Payment, refund: Refund) -> RefundDestination:
    match refund.status:
        case RefundStatus.TRANSFERRED:
            return RefundDestination("bank")
        case RefundStatus.CHARGED_BACK:
            return RefundDestination("dispute", card=_card(payment, refund.intent))
        case _:
            return RefundDestination("card", card=_card(payment, refund.intent))


def _expected(refund: Refund, today: dt.date) -> Expected | None:
    """Return when the payer has it: counted from today until Stripe has the refund."""
    match refund.status:
        case RefundStatus.TRANSFERRED:
            on = refund.transferred_on
            return None if on is None else Expected(on, "transfer_value_date")
        case RefundStatus.REQUESTED | RefundStatus.UNKNOWN:
            return _by_card(today)
        case RefundStatus.ACCEPTED | RefundStatus.SETTLED:
            return _by_card(refund.accepted_on or today)
        case _:
            return None


def _by_card(since: dt.date) -> Expected:
    return Expected(since + dt.timedelta(days=CARD_REFUND_DAYS), "card_ten_business_days")


def _share_of(booking_id: str, payment: Payment, external: ExternalRefund) -> money.Money:
    """Return what of an external refund is the booking's: the others have what is allocated there.

    The booking that the payment was made for has the rest.
    """
    allocated = money.total(
        [each.amount for each in external.allocations if each.booking == booking_id],
        external.amount.currency,
    )
    if payment.pays_for != booking_id:
        return allocated
    others = [each.amount for each in external.allocations if each.booking != booking_id]
    return external.amount - money.total(others, external.amount.currency)


def _by_hand(
    payment: Payment, external: ExternalRefund, amount: money.Money, today: dt.date
) -> BookingRefund:
    """Return an external refund; what a failed one had paid is owed again, as a refund of ours."""
    status: Progress = "succeeded" if external.settled else "pending"
    expected = None if external.accepted_on is None else _by_card(external.accepted_on)
    next_step: NextStep | None = None
    reason: Reason | None = None
    if external.failed:
        expected = None
        reason = _reason(external.failure)
        status = "canceled" if reason == "withdrawn" else "failed"
    else:
        next_step = _next_step_of_overdue(status, expected, today)
    return BookingRefund(
        id=external.id,
        amount=amount,
        destination=RefundDestination("card", card=_card(payment, external.intent)),
        status=status,
        requested_at=external.made_at,
        expected=expected,
        reason=reason,
        next_step=next_step,
        by_hand=True,
    )


def _as_credit(payment: Payment, returned: CreditReturn) -> BookingRefund:
    """Return what went back to its credit, where it could be spent at once."""
    part = payment.credit_part(returned.use)
    at = returned.returned_at
    expected = None if at is None else Expected(entries.accounting_day(at), "credit_at_once")
    return BookingRefund(
        id=f"{returned.use}:{returned.obligation}",
        amount=returned.amount,
        destination=RefundDestination("credit", credit=None if part is None else part.credit),
        status="succeeded",
        requested_at=at,
        expected=expected,
    )


def _card(payment: Payment, intent: str) -> str | None:
    captured = payment.capture(intent)
    return None if captured is None else captured.card
