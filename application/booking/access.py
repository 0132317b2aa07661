"""Who may see or change a booking; carries out commands about it."""

import msgspec

from application.booking.ports import BookingPorts
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command
from application.identity.ports import Principal
from application.ports import Answer
from domain.booking import rejections
from domain.booking.state import Booking
from domain.identity import roles
from domain.identity.rejections import NotAllowed
from domain.kernel import ids


class CarriedOut(msgspec.Struct, frozen=True):
    """A booking after a command; `replayed` when the command was carried out before."""

    booking_id: str
    booking: Booking
    replayed: bool


def has(principal: Principal, booking_id: str, booking: Booking) -> bool:
    """Whether the booking is the principal's: as owner, attached, or found as a guest."""
    if principal.is_guest:
        return principal.booking == booking_id
    return principal.user in (booking.owner, booking.attached_to)


async def visible_booking(
    ports: BookingPorts, principal: Principal, id_or_reference: str
) -> tuple[str, Booking]:
    """Return id and state of a booking that the principal has or may see as staff.

    Rejects BookingNotFound, also for another customer's booking.
    """
    booking_id = ids.booking_id_of(id_or_reference)
    if booking_id is None:
        raise rejections.BookingNotFound()
    booking = (await ports.bus.current(stream_kinds.BOOKING, booking_id))[0]
    if booking is None:
        raise rejections.BookingNotFound()
    if not has(principal, booking_id, booking) and not roles.may(principal.role, "see_any_booking"):
        raise rejections.ForeignBooking()
    return booking_id, booking


async def changeable_booking(
    ports: BookingPorts,
    principal: Principal,
    id_or_reference: str,
    *,
    by_staff: roles.Permission = "change_any_booking",
) -> tuple[str, Booking]:
    """Return id and state of a booking that the principal may change.

    Rejects BookingNotFound, and NotAllowed for staff without the permission.
    """
    booking_id, booking = await visible_booking(ports, principal, id_or_reference)
    if not has(principal, booking_id, booking) and not roles.may(principal.role, by_staff):
        raise NotAllowed()
    return booking_id, booking


async def changeable_by_gate(
    ports: BookingPorts, principal: Principal, id_or_reference: str
) -> tuple[str, Booking]:
    """Return what `changeable_booking` does, also to staff at the gate."""
    at_gate = roles.may(principal.role, "handle_passengers")
    return await changeable_booking(
        ports,
        principal,
        id_or_reference,
        by_staff="handle_passengers" if at_gate else "change_any_booking",
    )


async def others_booking(
    ports: BookingPorts, principal: Principal, id_or_reference: str
) -> tuple[str, Booking]:
    """Return id and state of a booking about whose money the principal decides for the airline.

    Rejects BookingNotFound, and NotAllowed for a booking of their own.
    """
    booking_id, booking = await visible_booking(ports, principal, id_or_reference)
    require_not_own(principal, booking)
    return booking_id, booking


def require_may_waive(principal: Principal, booking: Booking, *by: roles.Permission) -> None:
    """Staff with one of the permissions take no fee of others; otherwise NotAllowed."""
    if not any(roles.may(principal.role, each) for each in by):
        raise NotAllowed()
    require_not_own(principal, booking)


def require_not_own(principal: Principal, booking: Booking) -> None:
    """The booking is not the principal's: nobody decides about money of their own (NotAllowed)."""
    if principal.user in (booking.owner, booking.attached_to):
        raise NotAllowed()


async def carry_out(ports: BookingPorts, caller: Caller, command: Command) -> CarriedOut:
    """Carry out a command that answers with a booking.

    A replay returns the booking as it was when the command was carried out. Raises the command's
    rejections, IdempotencyConflict and Unavailable.
    """
    outcome = await ports.bus.submit(caller.envelope(command))
    if outcome.state is not None:
        return CarriedOut(outcome.answer.stream, outcome.state, replayed=False)
    return await _as_answered(ports, outcome.answer)


async def earlier_outcome(ports: BookingPorts, caller: Caller) -> CarriedOut | None:
    """Return what the caller's command led to when it was carried out; None where it was not yet.

    Raises IdempotencyConflict and Unavailable.
    """
    if not caller.may_repeat:
        return None
    answer = await ports.bus.stored_answer(caller.command_id, caller.fingerprint)
    return None if answer is None else await _as_answered(ports, answer)


async def _as_answered(ports: BookingPorts, answer: Answer) -> CarriedOut:
    booking = await ports.history.as_of(stream_kinds.BOOKING, answer.stream, answer.version)
    assert booking is not None, "an answer names a version that the log has"
    return CarriedOut(answer.stream, booking, replayed=True)
