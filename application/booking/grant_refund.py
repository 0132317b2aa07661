"""Finance gives money back beyond the rules: what is still to be flown is given up with it."""

import msgspec

from application.booking import journey
from application.orders import Decision
from application.planning import Reading
from domain.booking import cancellation, guards, rejections
from domain.booking.events import Obligation
from domain.booking.states import Status
from domain.kernel import ids, money
from domain.ledger import carriage


class GrantRefund(msgspec.Struct, frozen=True):
    """`amount` in minor units, None for all that is not promised back yet; `reason` is kept."""

    booking: str
    reason: str
    amount: int | None = None

    @property
    def hints(self) -> tuple[str, ...]:
        """The booking; its flights become known with it."""
        return (self.booking,)


def grant_refund(command: GrantRefund, reading: Reading) -> Decision:
    """Rejects BookingNotFound, TransitionRefused, ChangeUnderWay and RefundUnfit."""
    stream = command.booking
    booking = journey.load(reading, stream)
    if booking.status not in guards.GRANTABLE:
        raise rejections.TransitionRefused(before=booking.status.value, after="refunded")
    left = cancellation.refundable(booking)
    amount = left.amount if command.amount is None else command.amount
    coupons = booking.open_coupons()
    value = journey.value_of(booking, coupons)
    ticketed = booking.status is not Status.PAID
    if not 0 < amount <= left.amount or (ticketed and amount < value.total):
        raise rejections.RefundUnfit(limit=left.amount, owed=value.total, currency=left.currency)
    if not ticketed and amount != left.amount:
        raise rejections.RefundUnfit(limit=left.amount, owed=left.amount, currency=left.currency)
    posted = journey.posted(stream, booking, reading.now)
    granted_amount = money.Money(amount, booking.currency)
    entry = (
        carriage.goodwill_entry(posted, value=value, amount=amount)
        if ticketed
        else carriage.unticketed_refund_entry(posted, amount=granted_amount)
    )
    number = len(booking.obligations) + 1
    granted = cancellation.grant_refund(
        booking,
        reason=command.reason,
        obligation=Obligation(ids.obligation_id(stream, number), granted_amount),
        entry=entry,
    )
    released = (
        journey.given_back(reading, stream, booking, coupons, "refund_granted")
        if booking.status in guards.TICKETED
        else journey.holds_released(reading, stream, booking, "refund_granted")
        if booking.status is Status.PAID
        else []
    )
    return Decision(answer_stream=stream, events=((stream, granted), *journey.merged(released)))
