"""Disruption: the airline cancels or reschedules a flight, the passengers choose an answer."""

from collections.abc import Sequence
from typing import Literal, assert_never

from msgspec.structs import replace

from domain.booking import rejections, states
from domain.booking.coupons import CouponStatus
from domain.booking.events import (
    BookingEvent,
    DisruptionAnswered,
    DisruptionEvent,
    DisruptionOffered,
)
from domain.booking.preconditions import SegmentFacts, Situation, has_departed, passes
from domain.booking.state import Booking, Disruption
from domain.booking.values import DisruptionAnswer, DisruptionKind, NewTimes


def is_material(booking: Booking, segment: int) -> bool:
    """Whether an unanswered disruption is so great that the passengers may leave free of charge."""
    return any(each.segment == segment and each.material for each in booking.disruptions)


def require_answer(booking: Booking, segment: int) -> None:
    """The segment has an unanswered disruption; otherwise NothingToAnswer."""
    if all(each.segment != segment for each in booking.disruptions):
        raise rejections.NothingToAnswer(segment=segment)


def require_release(booking: Booking, segment: int, facts: SegmentFacts) -> None:
    """The passengers may end the contract: a material disruption, and the flight has not left."""
    require_answer(booking, segment)
    if not is_material(booking, segment):
        raise rejections.NothingToAnswer(segment=segment, reason="not_material")
    if has_departed(facts):
        raise rejections.NothingToAnswer(segment=segment, reason="departed")


def require_operating(facts: Sequence[SegmentFacts], segment: int) -> None:
    """The flight is neither cancelled nor departed; otherwise NothingToAnswer."""
    if not facts[segment].operating:
        raise rejections.NothingToAnswer(segment=segment, reason="flight_cancelled")


def offer(
    booking: Booking,
    *,
    segment: int,
    flight: str,
    kind: DisruptionKind,
    reason: str,
    material: bool,
    times: NewTimes | None = None,
) -> list[DisruptionOffered]:
    """Offer the passengers of a segment their choices; idempotent, and nothing once all boarded.

    A small change after a material one does not take the right to a refund away.
    """
    if booking.status not in states.TICKETED:
        return []
    if all(coupon.status is CouponStatus.LIFTED for coupon in booking.open_coupons(segment)):
        return []
    material = material or is_material(booking, segment)
    if Disruption(segment, kind, material, times) in booking.disruptions:
        return []
    return [
        DisruptionOffered(
            segment=segment, flight=flight, kind=kind, reason=reason, material=material, times=times
        )
    ]


def answer(booking: Booking, *, segment: int, answer: DisruptionAnswer) -> list[BookingEvent]:
    """Record what the passengers chose; rejects NothingToAnswer."""
    require_answer(booking, segment)
    return [DisruptionAnswered(segment=segment, answer=answer)]


def evolve(booking: Booking, event: DisruptionEvent) -> Booking:
    """The booking after the event."""
    others = tuple(each for each in booking.disruptions if each.segment != event.segment)
    match event:
        case DisruptionOffered():
            offered = Disruption(event.segment, event.kind, event.material, event.times)
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
