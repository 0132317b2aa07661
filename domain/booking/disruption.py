"""Disruption: the airline cancels or reschedules a flight, the passengers choose an answer."""

from collections.abc import Sequence
from typing import Literal, assert_never

from msgspec.structs import replace

from domain.booking import connections, rejections, states
from domain.booking.coupons import CouponStatus
from domain.booking.events import (
    BookingEvent,
    DisruptionAnswered,
    DisruptionEvent,
    DisruptionOffered,
    DisruptionReminded,
)
from domain.booking.preconditions import SegmentFacts, Situation, has_departed, passes
from domain.booking.state import Booking, Disruption
from domain.booking.states import Status
from domain.booking.values import DisruptionAnswer, DisruptionKind, NewTimes
from domain.pricing.price import Leg

# Policy: so long after a cancelled or moved flight that nobody has answered the passengers are
# reminded once, and after a cancelled one what they cannot fly is refunded in full.
# Unticketed bookings that are notified of a moved flight: with seats or a place on a waitlist.
NOTIFIED_UNTICKETED = frozenset({Status.PENDING, Status.PAYMENT_FAILED, Status.RESERVED})


def is_material(booking: Booking, segment: int) -> bool:
    """Whether an unanswered disruption is so great that the passengers may leave free of charge."""
    return any(each.segment == segment and each.material for each in booking.disruptions)


def require_answer(booking: Booking, segment: int) -> None:
    """The segment has an unanswered disruption; otherwise NothingToAnswer."""
    if all(each.segment != segment for each in booking.disruptions):
        raise rejections.NothingToAnswer(segment=segment)


def require_release(booking: Booking, segment: int, facts: SegmentFacts) -> None:
    """The passengers may end the contract: ticketed, a material disruption, and the flight has not
    left.
    """
    require_answer(booking, segment)
    if booking.status not in states.TICKETED:
        raise rejections.NothingToAnswer(segment=segment, reason="not_ticketed")
    if not is_material(booking, segment):
        raise rejections.NothingToAnswer(segment=segment, reason="not_material")
    if has_departed(facts):
        raise rejections.NothingToAnswer(segment=segment, reason="departed")


def require_operating(facts: Sequence[SegmentFacts], segment: int) -> None:
    """The flight is neither cancelled nor departed; otherwise NothingToAnswer."""
    if not facts[segment].operating:
        raise rejections.NothingToAnswer(segment=segment, reason="flight_cancelled")


def require_connections(
    booking: Booking,
    facts: Sequence[SegmentFacts],
    segment: int,
    *,
    by: connections.MinimumTimes,
) -> None:
    """The airline has broken no connection before or after the segment; otherwise NothingToAnswer.

    Departed and cancelled flights do not count: they are answered by themselves.
    """
    now = [each.leg for each in facts]
    agreed = {each.segment: each.agreed for each in booking.disruptions}
    then = [_leg_at(leg, agreed.get(index)) for index, leg in enumerate(now)]
    for first in range(max(segment - 1, 0), min(segment + 1, len(now) - 1)):
        pair = slice(first, first + 2)
        operating = all(each.operating for each in facts[pair])
        if operating and connections.newly_broken(then[pair], now[pair], by=by):
            raise rejections.NothingToAnswer(segment=segment, reason="connection_broken")


def _leg_at(leg: Leg, times: NewTimes | None) -> Leg:
    if times is None:
        return leg
    return replace(leg, departs_at=times.departs_at, arrives_at=times.arrives_at)


def agreed_times(booking: Booking, segment: int, before: NewTimes | None) -> NewTimes | None:
    """Return the times that the passengers last bought or accepted.

    Those of the first unanswered change, else those that the flight had `before` this one.
    """
    known = (each.agreed for each in booking.disruptions if each.segment == segment)
    return next((each for each in known if each is not None), before)


def offer(
    booking: Booking,
    *,
    segment: int,
    flight: str,
    kind: DisruptionKind,
    reason: str,
    material: bool,
    times: NewTimes | None = None,
    agreed: NewTimes | None = None,
) -> list[DisruptionOffered]:
    """Offer the passengers of a segment their choices; idempotent, and nothing once all boarded.

    A small change after a material one does not take the right to a refund away. Unticketed
    bookings are told, and have the choices once they are paid.
    """
    if booking.status not in states.TICKETED | NOTIFIED_UNTICKETED:
        return []
    if all(coupon.status is CouponStatus.LIFTED for coupon in booking.open_coupons(segment)):
        return []
    material = material or is_material(booking, segment)
    offered = Disruption(segment, kind, material, times, agreed)
    if offered in (replace(each, reminded=False) for each in booking.disruptions):
        return []
    return [
        DisruptionOffered(
            segment=segment,
            flight=flight,
            kind=kind,
            reason=reason,
            material=material,
            times=times,
            agreed=agreed,
        )
    ]


def offer_journey(
    booking: Booking, *, segments: Sequence[int], reason: str
) -> list[DisruptionOffered]:
    """Offer the choices for these segments too, because a connection of their journey is broken."""
    offered = []
    for segment in segments:
        if is_material(booking, segment):
            continue
        known = next((each for each in booking.disruptions if each.segment == segment), None)
        offered += offer(
            booking,
            segment=segment,
            flight=booking.segments[segment].flight,
            kind="connection_broken" if known is None else known.kind,
            reason=reason,
            material=True,
            times=None if known is None else known.times,
            agreed=None if known is None else known.agreed,
        )
    return offered


def answer(booking: Booking, *, segment: int, answer: DisruptionAnswer) -> list[BookingEvent]:
    """Record what the passengers chose; rejects NothingToAnswer."""
    require_answer(booking, segment)
    return [DisruptionAnswered(segment=segment, answer=answer)]


def unanswered_cancellations(booking: Booking) -> tuple[int, ...]:
    """Return the segments whose flight is cancelled, in order, while nobody has answered."""
    return tuple(sorted(each.segment for each in booking.disruptions if each.kind == "cancelled"))


def unanswered_moves(booking: Booking) -> tuple[int, ...]:
    """Return the segments whose flight goes, but so late, so early or so far out of reach that the
    passengers check in only once they have answered; in order.
    """
    return tuple(
        sorted(
            each.segment
            for each in booking.disruptions
            if each.material and each.kind != "cancelled"
        )
    )


def remind(booking: Booking) -> list[DisruptionReminded]:
    """Remind the passengers of cancelled and moved flights once."""
    unanswered = {*unanswered_cancellations(booking), *unanswered_moves(booking)}
    fresh = {each.segment for each in booking.disruptions if not each.reminded} & unanswered
    return [DisruptionReminded(segments=tuple(sorted(fresh)))] if fresh else []


def evolve(booking: Booking, event: DisruptionEvent) -> Booking:
    """The booking after the event."""
    if isinstance(event, DisruptionReminded):
        reminded = tuple(
            replace(each, reminded=True) if each.segment in event.segments else each
            for each in booking.disruptions
        )
        return replace(booking, disruptions=reminded)
    others = tuple(each for each in booking.disruptions if each.segment != event.segment)
    match event:
        case DisruptionOffered():
            offered = Disruption(
                event.segment, event.kind, event.material, event.times, event.agreed
            )
            return replace(booking, disruptions=(*others, offered))
        case DisruptionAnswered():
            return replace(booking, disruptions=others)
        case _:
            assert_never(event)


DisruptionAction = Literal["answer_disruption"]


def is_open(action: DisruptionAction, booking: Booking, _situation: Situation) -> bool:
    """Whether the guard of the action passes now."""
    match action:
        case "answer_disruption":
            return any(
                passes(require_answer, booking, each.segment) for each in booking.disruptions
            )
        case _:
            assert_never(action)
